import type { IndexEnv } from "./disk/index_env.ts";
import { getAscii, getU48, putAscii, putU48 } from "./layout/pack.ts";
import { allOpsOfRecords, opKey, opsOfRecordKey } from "./layout/keys.ts";

/** Bytes of one list of opIds. */
const PART_BYTES_MAX = 1_900;

/** What a header keeps of the book. */
export interface OpCounts {
  /** Answers kept, and the age at which the oldest of them was given (0 when none). */
  readonly opIds: number;
  readonly opIdsOldestMs: number;
}

/**
 * The answers given to opIds, and lists of them in order of time. Each record forgets as many old ones as it adds, and
 * a few more, so that the work stays in proportion.
 */
export class OpBook {
  readonly #added: string[] = [];
  #count: number;
  #oldestMs: number;
  constructor(
    private readonly index: IndexEnv,
    header: OpCounts,
    private readonly limits: { readonly opIdMsMin: number; readonly opIdsMax: number },
  ) {
    this.#count = header.opIds;
    this.#oldestMs = header.opIdsOldestMs;
  }
  keep(opId: string, answer: Uint8Array): void {
    this.index.put(opKey(opId), answer);
    this.#added.push(opId);
  }
  counts(): OpCounts {
    return { opIds: this.#count, opIdsOldestMs: this.#oldestMs };
  }
  /** Lists what was added under the record's number and forgets what is old. Answers how many went before their time. */
  close(seq: number, ageMs: number): number {
    const early = this.#forget(ageMs);
    if (this.#added.length === 0) return early;
    if (this.#count === 0) this.#oldestMs = ageMs;
    this.#count += this.#added.length;
    this.#list(seq, ageMs);
    return early;
  }
  #list(seq: number, ageMs: number): void {
    let part = 0;
    let from = 0;
    let length = 0;
    this.#added.forEach((opId, i) => {
      if (length + 1 + opId.length > PART_BYTES_MAX) {
        this.index.put(opsOfRecordKey(seq, part++), encodePart(ageMs, this.#added.slice(from, i), length));
        from = i;
        length = 0;
      }
      length += 1 + opId.length;
    });
    this.index.put(opsOfRecordKey(seq, part), encodePart(ageMs, this.#added.slice(from), length));
  }
  #forget(ageMs: number): number {
    let early = 0;
    let budget = 16 + 2 * this.#added.length;
    while (budget > 0 && this.#count > 0) {
      const over = this.#count + this.#added.length > this.limits.opIdsMax;
      if (!over && this.#oldestMs + this.limits.opIdMsMin > ageMs) break;
      const oldest = this.index.range({ ...allOpsOfRecords(), limit: 2 });
      const first = oldest[0];
      if (first === undefined) break;
      const opIds = readPart(first.value);
      for (const opId of opIds) this.index.remove(opKey(opId));
      this.index.remove(first.key);
      if (over && partAgeMs(first.value) + this.limits.opIdMsMin > ageMs) early += opIds.length;
      budget -= opIds.length;
      this.#count = Math.max(0, this.#count - opIds.length);
      this.#oldestMs = oldest[1] === undefined ? ageMs : partAgeMs(oldest[1].value);
    }
    return early;
  }
}

function encodePart(ageMs: number, opIds: readonly string[], length: number): Uint8Array {
  const bytes = new Uint8Array(6 + length);
  putU48(bytes, 0, ageMs);
  let at = 6;
  for (const opId of opIds) {
    bytes[at] = opId.length;
    putAscii(bytes, at + 1, opId);
    at += 1 + opId.length;
  }
  return bytes;
}

function partAgeMs(stored: Uint8Array): number {
  return getU48(stored, 0);
}

function readPart(bytes: Uint8Array): string[] {
  const opIds: string[] = [];
  for (let at = 6; at < bytes.length;) {
    const end = at + 1 + bytes[at]!;
    opIds.push(getAscii(bytes, at + 1, end));
    at = end;
  }
  return opIds;
}
