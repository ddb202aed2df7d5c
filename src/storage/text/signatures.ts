import { crc32c } from "@node-rs/crc32";
import { assert } from "../../base/mod.ts";
import { guarded } from "../disk_failure.ts";
import type { FileSystem } from "../file_system.ts";
import { getU32, putU32 } from "../pack.ts";

/*
 * A file of blocks, one for each SIGNED_TOGETHER texts in the order of their file: CRC-32C of the checksums of those texts u32, then
 * rows: a bit for each text, whether it holds a trigram (three bytes in a row) with that hash, and the CRC-32C of those bits u32.
 * It is never flushed; what is damaged says nothing, and then all texts are read.
 */

/** Texts of one block. */
export const SIGNED_TOGETHER = 128;
const BITS_BYTES = SIGNED_TOGETHER / 8;
const CRC_BYTES = 4;
const ROW_BYTES = BITS_BYTES + CRC_BYTES;
/** Bytes of a trigram. */
const TRIGRAM_BYTES = 3;
/** Rows that are read for one search in a block: more tell hardly more. */
const PROBES_MAX = 12;
/** Longer texts hold nearly every trigram: they are always read. */
const SIGNED_BYTES_MAX = 256 * 1024;
/** Blocks looked at between two yields. */
const BLOCKS_TOGETHER = 64;
/** What the trigrams are multiplied by before the highest bits are taken: 2^32 divided by the golden ratio. */
const SPREAD = 0x9e3779b1;

/** Which texts of a file may hold something: so most of those that do not need not be read. */
export class Signatures {
  #fd: number | null = null;
  #blocks = 0;
  readonly #shift: number;
  readonly #row = new Uint8Array(ROW_BYTES);
  /** `rows` is a power of two: the more, the fewer texts are read in vain. */
  constructor(private readonly path: string, private readonly files: FileSystem, private readonly rows: number) {
    this.#shift = 32 - Math.log2(rows);
    assert(Number.isInteger(this.#shift), "a power of two");
  }

  /** Texts that are told apart: the first ones of their file. */
  get texts(): number {
    return this.#blocks * SIGNED_TOGETHER;
  }
  /** Opens what is there; `checks` has the CRC-32C of the checksums of each block's texts: from the first that differs on all is cut. */
  load(checks: readonly number[]): void {
    guarded(() => {
      const size = this.files.fileBytes(this.path);
      if (size === null) return;
      this.#fd = this.files.open(this.path, "update");
      const head = new Uint8Array(CRC_BYTES);
      for (const check of checks) {
        const start = this.texts / SIGNED_TOGETHER * this.#blockBytes;
        if (start + this.#blockBytes > size || this.files.read(this.#fd, head, 0, CRC_BYTES, start) < CRC_BYTES) break;
        if (getU32(head, 0) !== check) break;
        this.#blocks++;
      }
      const whole = this.#blocks * this.#blockBytes;
      if (whole < size) this.files.truncate(this.#fd, whole);
    });
  }
  /** An empty block. */
  block(): SignatureBlock {
    return new SignatureBlock(this.rows, this.#shift);
  }
  /** Writes a block that has its texts. Throws Failure `disk` or `disk_full`; then it is not there. */
  add(block: SignatureBlock, check: number): void {
    const bytes = block.sealed(check);
    guarded(() => {
      this.#fd ??= this.files.open(this.path, "create");
      this.files.write(this.#fd, bytes, this.#blocks * this.#blockBytes);
    });
    this.#blocks++;
  }
  /**
   * A bit for each of `texts` that may hold all of the patterns (bytes seen as latin1); null when they are too short to say anything.
   * Reads some rows of each block.
   */
  *candidates(patterns: readonly string[]): Generator<void, Uint8Array | null> {
    const rows = probes(patterns, this.#shift);
    if (rows.length === 0) return null;
    const bits = new Uint8Array(this.#blocks * BITS_BYTES).fill(0xff);
    for (let block = 0; block < this.#blocks; block++) {
      if (block % BLOCKS_TOGETHER === BLOCKS_TOGETHER - 1) yield;
      const from = block * BITS_BYTES;
      for (const row of rows) {
        if (this.#intersect(bits, from, this.#placeOf(block, row)) === 0) break;
      }
    }
    return bits;
  }
  /** Removes the file. */
  remove(): void {
    this.close();
    guarded(() => {
      if (this.files.fileBytes(this.path) !== null) this.files.remove(this.path);
    });
  }
  /** Lets go of the file. */
  close(): void {
    if (this.#fd !== null) this.files.close(this.#fd);
    this.#fd = null;
    this.#blocks = 0;
  }

  get #blockBytes(): number {
    return CRC_BYTES + this.rows * ROW_BYTES;
  }
  #placeOf(block: number, row: number): number {
    return block * this.#blockBytes + CRC_BYTES + row * ROW_BYTES;
  }
  /** Leaves those bits that the row has, too; answers whether any is left. A row that cannot be read takes none away. */
  #intersect(bits: Uint8Array, from: number, position: number): number {
    const row = this.#row;
    const came = guarded(() => this.files.read(this.#fd!, row, 0, ROW_BYTES, position));
    if (came < ROW_BYTES || crc32c(row.subarray(0, BITS_BYTES)) >>> 0 !== getU32(row, BITS_BYTES)) return 1;
    let left = 0;
    for (let i = 0; i < BITS_BYTES; i++) left |= bits[from + i]! &= row[i]!;
    return left;
  }
}

/** The signatures of SIGNED_TOGETHER texts as they are made. */
export class SignatureBlock {
  readonly #bytes: Uint8Array;
  #texts = 0;
  constructor(private readonly rows: number, private readonly shift: number) {
    this.#bytes = new Uint8Array(CRC_BYTES + rows * ROW_BYTES);
  }

  /** The next text. */
  add(text: Uint8Array): void {
    const at = CRC_BYTES + (this.#texts >>> 3);
    const bit = 1 << (this.#texts & 7);
    this.#texts++;
    const bytes = this.#bytes;
    if (text.length > SIGNED_BYTES_MAX) {
      for (let row = 0; row < this.rows; row++) bytes[at + row * ROW_BYTES]! |= bit;
      return;
    }
    const { shift } = this;
    let last = (text[0]! << 8) | text[1]!;
    for (let i = TRIGRAM_BYTES - 1; i < text.length; i++) {
      last = ((last << 8) | text[i]!) & 0xff_ffff;
      bytes[at + (Math.imul(last, SPREAD) >>> shift) * ROW_BYTES]! |= bit;
    }
  }
  /** The block as it is written. */
  sealed(check: number): Uint8Array {
    assert(this.#texts === SIGNED_TOGETHER, "a block is written when it is full");
    putU32(this.#bytes, 0, check);
    for (let row = 0; row < this.rows; row++) {
      const at = CRC_BYTES + row * ROW_BYTES;
      putU32(this.#bytes, at + BITS_BYTES, crc32c(this.#bytes.subarray(at, at + BITS_BYTES)));
    }
    return this.#bytes;
  }
}

/** Whether the text of that number may hold what the bits were made for. */
export function mayHold(bits: Uint8Array, text: number): boolean {
  return text >>> 3 >= bits.length || (bits[text >>> 3]! & (1 << (text & 7))) !== 0;
}

/** The rows that tell of the patterns' trigrams; of many some that lie evenly. */
function probes(patterns: readonly string[], shift: number): number[] {
  const rows = new Set<number>();
  for (const pattern of patterns) {
    for (let i = 0; i + TRIGRAM_BYTES <= pattern.length; i++) {
      const trigram = (pattern.charCodeAt(i) << 16) | (pattern.charCodeAt(i + 1) << 8) | pattern.charCodeAt(i + 2);
      rows.add(Math.imul(trigram, SPREAD) >>> shift);
    }
  }
  const all = [...rows];
  const step = Math.max(1, all.length / PROBES_MAX);
  return Array.from({ length: Math.min(all.length, PROBES_MAX) }, (_, i) => all[Math.floor(i * step)]!);
}
