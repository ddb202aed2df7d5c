import { asFailure, describeError } from "../../base/mod.ts";
import type { Listing } from "../../messages/mod.ts";
import type { FrontServices } from "./services.ts";

/** Longest wait for block lists, in ms; then nobody is listed. The policy actor gives up earlier. */
const ANSWER_MS_MAX = 7_000;

/** What block lists say of a session's client: asked once for each address that it has (XCLIENT). */
export class ListingMemory {
  #known: { readonly ip: string; readonly listing: Promise<Listing | null> } | null = null;

  constructor(private readonly services: Pick<FrontServices, "policy" | "log">) {}

  /** The block list that names the address; null when none does, or nobody can tell: that is not asked again either. */
  of(ip: string): Promise<Listing | null> {
    if (this.#known?.ip !== ip) this.#known = { ip, listing: this.#ask(ip) };
    return this.#known.listing;
  }

  async #ask(ip: string): Promise<Listing | null> {
    const { policy, log } = this.services;
    try {
      const listing = await policy.ask("policy.listed", { ip }, { deadlineMs: ANSWER_MS_MAX });
      if (listing !== null) log.info("client listed", { remote: ip, list: listing.listedBy });
      return listing;
    } catch (error) {
      if (asFailure(error) === null) throw error;
      log.debug("client not looked up", { remote: ip, error: describeError(error) });
      return null;
    }
  }
}
