import { type Clock, Failure } from "../../base/mod.ts";
import type { DirectoryProtocol, SigningDomain } from "../../messages/mod.ts";
import { aside, type AsideSigner, readSigner } from "../../policy/dkim/mod.ts";
import type { Ref } from "../../runtime/types.ts";

/** Sets of keys that are remembered: those of domains that send most. */
const SETS_MAX = 1_000;
/** How long a set may be remembered, in ms: so long may the secret of a key that was removed outlive it in memory. */
const KEPT_MS_MAX = 600_000;
/** Longest wait for the directory, in ms. */
const ASK_MS_MAX = 10_000;

interface KeySet {
  /** Null until they have come. */
  ready: readonly AsideSigner[] | null;
  readonly signers: Promise<readonly AsideSigner[]>;
  readonly endMs: number;
}

/**
 * The keys that are signed with, as the directory gives them, remembered for a while. Which keys sign is said by whoever asks, who
 * follows the directory: other selectors are another set, so that a rotation counts from the first mail on.
 */
export class SigningKeys {
  /** In order of use, the latest last. */
  readonly #sets = new Map<string, KeySet>();

  constructor(private readonly directory: Ref<DirectoryProtocol>, private readonly clock: Clock) {}

  /** Those of these keys that there are, at least one, RSA first. Rejects with Failure: `not_found` when there is none, or the directory's own. */
  signers(of: SigningDomain): Promise<readonly AsideSigner[]> {
    return this.#set(of).signers;
  }

  /** The same, if they are remembered: else they are asked for, and null. */
  ready(of: SigningDomain): readonly AsideSigner[] | null {
    return this.#set(of).ready;
  }

  #set({ domain, selectors }: SigningDomain): KeySet {
    const name = JSON.stringify([domain, selectors]);
    const kept = this.#sets.get(name);
    this.#sets.delete(name);
    const set = kept !== undefined && kept.endMs > this.clock.monotonicMs() ? kept : this.#ask(name, domain, selectors);
    this.#sets.set(name, set);
    if (this.#sets.size > SETS_MAX) this.#sets.delete(this.#sets.keys().next().value!);
    return set;
  }

  #ask(name: string, domain: string, selectors: readonly string[]): KeySet {
    const signers = this.#fetch(domain, selectors);
    const set: KeySet = { ready: null, signers, endMs: this.clock.monotonicMs() + KEPT_MS_MAX };
    signers.then(
      (ready) => void (set.ready = ready),
      // What failed is asked for again by the next mail.
      () => void (this.#sets.get(name) === set && this.#sets.delete(name)),
    );
    return set;
  }

  async #fetch(domain: string, selectors: readonly string[]): Promise<readonly AsideSigner[]> {
    const request = { domain, selectors };
    const { keys } = await this.directory.ask("directory.signingKeys", request, { deadlineMs: ASK_MS_MAX });
    if (keys.length === 0) throw new Failure("not_found", `none of these keys of ${domain} is there`);
    // RSA stands on top: what knows no Ed25519 may look no further than at the first signature.
    const signers = await Promise.all(keys.map(readSigner).map(aside));
    return signers.sort((a, b) => Number(b.algorithm === "rsa-sha256") - Number(a.algorithm === "rsa-sha256"));
  }
}
