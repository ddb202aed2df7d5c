import { crc32c } from "@node-rs/crc32";
import { assert } from "../../base/mod.ts";
import { getU32, putU32 } from "../layout/pack.ts";

/*
 * A block of signatures: CRC-32C of its texts' checksums u32, CRC-32C of all rows u32, then rows: a bit for each text, whether it
 * holds a trigram (three bytes in a row) with that hash, and the CRC-32C of those bits u32.
 */
export const CRC_BYTES = 4;
const HEAD_BYTES = 2 * CRC_BYTES;
/** Bytes of a trigram. */
const TRIGRAM_BYTES = 3;
/** Longer texts hold nearly every trigram: they may hold anything, in bytes. */
const SIGNED_BYTES_MAX = 256 * 1024;
/** What trigrams are multiplied by before the highest bits are taken: 2^32 divided by the golden ratio. */
const SPREAD = 0x9e3779b1;
/** Rows that are asked of a block for one search: more tell hardly more. */
const PROBES_MAX = 12;

/** How large a block is. */
export class BlockShape {
  readonly bitsBytes: number;
  readonly rowBytes: number;
  /** Of the whole block. */
  readonly bytes: number;
  readonly #shift: number;
  /** `rows` is a power of two: the more, the fewer texts are read in vain. `texts` is a multiple of eight. */
  constructor(readonly rows: number, readonly texts: number) {
    this.#shift = 32 - Math.log2(rows);
    assert(Number.isInteger(this.#shift) && texts % 8 === 0, "rows are a power of two, and bits fill bytes");
    this.bitsBytes = texts / 8;
    this.rowBytes = this.bitsBytes + CRC_BYTES;
    this.bytes = HEAD_BYTES + rows * this.rowBytes;
  }
  /** Where a row begins. */
  placeOf(row: number): number {
    return HEAD_BYTES + row * this.rowBytes;
  }
  /** The row of a trigram. */
  rowOf(trigram: number): number {
    return Math.imul(trigram, SPREAD) >>> this.#shift;
  }
  /** The rows that tell of the trigrams of patterns (bytes seen as latin1); of many some that lie evenly. None: they are too short. */
  probes(patterns: readonly string[]): readonly number[] {
    const rows = new Set<number>();
    for (const pattern of patterns) {
      for (let i = 0; i + TRIGRAM_BYTES <= pattern.length; i++) {
        const [a, b, c] = [pattern.charCodeAt(i), pattern.charCodeAt(i + 1), pattern.charCodeAt(i + 2)];
        rows.add(this.rowOf((a << 16) | (b << 8) | c));
      }
    }
    const all = [...rows];
    const step = Math.max(1, all.length / PROBES_MAX);
    return Array.from({ length: Math.min(all.length, PROBES_MAX) }, (_, i) => all[Math.floor(i * step)]!);
  }
}

/** The signatures of as many texts as a block is for, as they are made. */
export class SignatureBlock {
  readonly #bytes: Uint8Array;
  #texts = 0;
  constructor(private readonly shape: BlockShape) {
    this.#bytes = new Uint8Array(shape.bytes);
  }

  /** Smaller blocks that lie one behind the other as one; null when one of them is damaged. */
  static joined(shape: BlockShape, small: BlockShape, blocks: Uint8Array): SignatureBlock | null {
    const joined = new SignatureBlock(shape);
    for (let from = 0; from < blocks.length; from += small.bytes) {
      const rows = blocks.subarray(from + HEAD_BYTES, from + small.bytes);
      if (crc32c(rows) >>> 0 !== getU32(blocks, from + CRC_BYTES)) return null;
      for (let row = 0; row < shape.rows; row++) {
        const [source, target] = [from + small.placeOf(row), shape.placeOf(row) + joined.#texts / 8];
        for (let i = 0; i < small.bitsBytes; i++) joined.#bytes[target + i] = blocks[source + i]!;
      }
      joined.#texts += small.texts;
    }
    return joined;
  }

  /** The next text. */
  add(text: Uint8Array): void {
    const { shape } = this;
    const bytes = this.#bytes;
    const at = HEAD_BYTES + (this.#texts >>> 3);
    const bit = 1 << (this.#texts & 7);
    this.#texts++;
    if (text.length > SIGNED_BYTES_MAX) {
      for (let row = 0; row < shape.rows; row++) bytes[at + row * shape.rowBytes]! |= bit;
      return;
    }
    const { rowBytes } = shape;
    let last = (text[0]! << 8) | text[1]!;
    for (let i = TRIGRAM_BYTES - 1; i < text.length; i++) {
      last = ((last << 8) | text[i]!) & 0xff_ffff;
      bytes[at + shape.rowOf(last) * rowBytes]! |= bit;
    }
  }
  /** The block as it is written; `check` is the CRC-32C of its texts' checksums. */
  sealed(check: number): Uint8Array {
    const { shape } = this;
    assert(this.#texts === shape.texts, "a block is written when it is full");
    putU32(this.#bytes, 0, check);
    for (let row = 0; row < shape.rows; row++) {
      const at = shape.placeOf(row);
      putU32(this.#bytes, at + shape.bitsBytes, crc32c(this.#bytes.subarray(at, at + shape.bitsBytes)));
    }
    putU32(this.#bytes, CRC_BYTES, crc32c(this.#bytes.subarray(HEAD_BYTES)));
    return this.#bytes;
  }
}
