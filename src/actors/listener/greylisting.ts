import { asFailure } from "../../base/mod.ts";
import { type Address, formatAddress } from "../../mail/address.ts";
import type { FrontServices } from "./services.ts";

/** Longest wait for the greylist, in ms; then the mail is let in. */
const ANSWER_MS_MAX = 2_000;

/** One recipient of one mail. */
export interface Triplet {
  /** Address of the client. */
  readonly remote: string;
  /** Null is the null reverse-path. */
  readonly sender: Address | null;
  readonly recipient: Address;
}

/** Whether mail of this triplet is let in now. A greylist that is away or busy lets everybody in. */
export async function passesGreylist(
  { remote, sender, recipient }: Triplet,
  { greylist, counters }: FrontServices,
): Promise<boolean> {
  if (greylist === null) return true;
  const request = {
    remote,
    sender: sender === null ? "" : formatAddress(sender),
    recipient: formatAddress(recipient),
  };
  try {
    const { passes } = await greylist.ask("greylist.check", request, { deadlineMs: ANSWER_MS_MAX });
    if (!passes) counters.greylisted++;
    return passes;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return true;
  }
}
