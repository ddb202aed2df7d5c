import { asFailure, concat, describeError, utf8 } from "../../base/mod.ts";
import { signableSteps } from "../../policy/dkim/mod.ts";
import { readMessage } from "../../policy/header/mod.ts";
import { unmarked } from "../../policy/list/mod.ts";
import { inTurns } from "../in_turns.ts";
import type { ListServices, SignedList } from "./services.ts";

/** Longest wait for signatures, in ms: mail without is better than mail that comes late. */
const SIGN_MS_MAX = 20_000;

/**
 * A mail of a list with DKIM-Signature fields of the list's domain above it. Without any when there are no keys, or they cannot be
 * had: then it goes unsigned, and is still the same mail to the queue when it is asked for again. What is put in for each member on
 * the way out is not signed: the mail is kept, and signed, once for all of them.
 */
export async function withSignatures(
  parts: readonly Uint8Array[],
  { id, list: { address, signer } }: { readonly id: string; readonly list: SignedList },
  { policy, clock, log }: ListServices,
): Promise<readonly Uint8Array[]> {
  if (signer === null) return parts;
  try {
    const request = { ...signer, ...await inTurns(signableSteps(readMessage(unmarked(parts))), clock) };
    const { fields } = await policy.ask("policy.sign", request, { deadlineMs: SIGN_MS_MAX });
    // In one piece with the list's own fields, among which the queue looks for the member's.
    const [head = new Uint8Array(0), ...rest] = parts;
    return [concat([utf8(fields.join("")), head]), ...rest];
  } catch (error) {
    if (asFailure(error) === null) throw error;
    log.warn("list mail not signed", { id, list: address, domain: signer.domain, error: describeError(error) });
    return parts;
  }
}
