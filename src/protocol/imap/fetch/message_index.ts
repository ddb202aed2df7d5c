import { byteLength, latin1 } from "../../../base/mod.ts";
import { INDEX_BYTES_MAX } from "../../../mail/index_limit.ts";
import { encodeIndex, parseStructure, type Part, readEnvelope, readFacts, StructureReader } from "../../../mime/mod.ts";
import { pause, type Program } from "../effects.ts";
import { renderBody, renderBodyStructure } from "./render_body_structure.ts";
import { renderEnvelope } from "./render_envelope.ts";

/**
 * Makes the index of a message: its parts, what SORT, THREAD and SEARCH ask, and ENVELOPE, BODY and BODYSTRUCTURE as they go
 * over the wire. Never throws, whatever the message is; it may come in pieces. `readIndex` of `mime` reads it.
 */
export function indexMessage(message: Uint8Array | readonly Uint8Array[]): Uint8Array {
  const { root, text } = parseStructure(message);
  return indexOf(root, text.length);
}

function indexOf(root: Part, size: number): Uint8Array {
  const envelope = readEnvelope(root.fields);
  return encodeIndex({
    size,
    root,
    facts: readFacts(root, envelope),
    envelope: renderEnvelope(envelope),
    body: renderBody(root),
    bodyStructure: renderBodyStructure(root),
  });
}

/** Makes the same index of a message as it comes: of what was read only the fields of headers are held. */
export class IndexMaker {
  readonly #reader = new StructureReader();
  #size = 0;

  add(piece: Uint8Array): void {
    this.#size += piece.length;
    this.#reader.add(latin1(piece));
  }
  /** When all of the message has come. */
  done(): Uint8Array {
    return indexOf(this.#reader.end(), this.#size);
  }
}

/** Bytes of a message that are read in one step: some ms at most. Shorter messages take one. */
const STEP_BYTES_MAX = 262_144;

/** The index to be kept beside a message, made step by step: of a long one others do not wait for all. Null when it is too large. */
export function* indexSteps(parts: readonly Uint8Array[]): Generator<void, Uint8Array | null> {
  return keptIndex(yield* wholeIndex(parts));
}

/** The index, if it is to be kept. */
export function keptIndex(index: Uint8Array): Uint8Array | null {
  return index.length > INDEX_BYTES_MAX ? null : index;
}

function* wholeIndex(parts: readonly Uint8Array[]): Generator<void, Uint8Array> {
  return byteLength(parts) <= STEP_BYTES_MAX ? indexMessage(parts) : yield* longIndex(parts);
}

function* longIndex(parts: readonly Uint8Array[]): Generator<void, Uint8Array> {
  const maker = new IndexMaker();
  let left = STEP_BYTES_MAX;
  for (const part of parts) {
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + left);
      maker.add(piece);
      at += piece.length;
      left -= piece.length;
      if (left > 0) continue;
      yield;
      left = STEP_BYTES_MAX;
    }
  }
  return maker.done();
}

/** The index of a message that a session has before it; it does nothing else meanwhile. */
export function* indexInSteps(parts: readonly Uint8Array[]): Program<Uint8Array> {
  const steps = wholeIndex(parts);
  for (let step = steps.next();; step = steps.next()) {
    if (step.done === true) return step.value;
    yield* pause(0);
  }
}
