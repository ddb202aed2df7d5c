import { Failure } from "../../base/mod.ts";
import type { Message } from "../header/mod.ts";
import { BodyHash, CanonicalBody } from "./canonical_body.ts";

/** Bytes of a body that are hashed in one step: a fraction of a millisecond. */
const STEP_BYTES = 256 * 1024;

/** What a signature is made over, so that the body need not be where the keys are. */
export interface Signable {
  /** The header's bytes, the empty line not. */
  readonly head: Uint8Array;
  /** SHA-256 of the body in its relaxed form (RFC 6376 §3.4.4). */
  readonly bodyHash: Uint8Array;
}

/** What is signed of a message. Throws Failure `invalid` when the header is longer than is read. */
export function signable(message: Message): Signable {
  const steps = signableSteps(message);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps: a large body takes a while. A small one takes a single step. */
export function* signableSteps({ head, body, complete }: Message): Generator<void, Signable> {
  if (!complete) throw new Failure("invalid", "a message with so long a header cannot be signed");
  const hash = new BodyHash(null);
  const canonical = new CanonicalBody("relaxed", [hash]);
  let left = STEP_BYTES;
  for (const piece of body) {
    for (let at = 0; at < piece.length;) {
      if (left === 0) {
        left = STEP_BYTES;
        yield;
      }
      const end = Math.min(piece.length, at + left);
      canonical.add(at === 0 && end === piece.length ? piece : piece.subarray(at, end));
      left -= end - at;
      at = end;
    }
  }
  canonical.end();
  return { head, bodyHash: hash.digest() };
}
