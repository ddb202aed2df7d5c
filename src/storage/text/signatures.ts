import { crc32c } from "@node-rs/crc32";
import type { FileSystem } from "../disk/file_system.ts";
import { putU32 } from "../layout/pack.ts";
import { BlockShape, CRC_BYTES, SignatureBlock } from "./signature_block.ts";
import { SignatureFile } from "./signature_file.ts";

/** Texts of a block that is written first. */
export const SIGNED_TOGETHER = 128;
/** So many of these become one: a search reads a few rows of each block. */
const JOINED_TOGETHER = 16;

/**
 * Which texts of a file may hold something: so most of those that do not need not be read. Blocks are written as texts come, and
 * joined into larger ones, which lie in a file of their own.
 */
export class Signatures {
  readonly #large: SignatureFile;
  readonly #small: SignatureFile;
  /** `rows`: hashes of trigrams that are told apart, a power of two. */
  constructor(path: string, files: FileSystem, rows: number) {
    this.#large = new SignatureFile(`${path}.large`, files, new BlockShape(rows, SIGNED_TOGETHER * JOINED_TOGETHER));
    this.#small = new SignatureFile(`${path}.small`, files, new BlockShape(rows, SIGNED_TOGETHER));
  }

  /** Texts that are told apart: the first ones of their file, always a multiple of SIGNED_TOGETHER. */
  get texts(): number {
    return (this.#large.blocks * JOINED_TOGETHER + this.#small.blocks) * SIGNED_TOGETHER;
  }
  /** Opens what is there; `checks`: for each SIGNED_TOGETHER texts the CRC-32C of their checksums. */
  load(checks: readonly number[]): void {
    const joined: number[] = [];
    for (let at = 0; at + JOINED_TOGETHER <= checks.length; at += JOINED_TOGETHER) joined.push(joinedCheck(checks, at));
    this.#large.load(joined);
    this.#small.load(checks.slice(this.#large.blocks * JOINED_TOGETHER));
  }
  /** An empty block. */
  block(): SignatureBlock {
    return new SignatureBlock(this.#small.shape);
  }
  /**
   * Writes a block that has its texts; `checks` as for `load`. Throws Failure `disk` or `disk_full`: then `texts` says what is
   * there.
   */
  add(block: SignatureBlock, checks: readonly number[]): void {
    this.#small.add(block, checks[this.texts / SIGNED_TOGETHER]!);
    if (this.#small.blocks < JOINED_TOGETHER) return;
    const { shape } = this.#small;
    const blocks = this.#small.read().subarray(0, JOINED_TOGETHER * shape.bytes);
    const joined = SignatureBlock.joined(this.#large.shape, shape, blocks);
    // Damaged ones are made anew.
    if (joined !== null) this.#large.add(joined, joinedCheck(checks, this.#large.blocks * JOINED_TOGETHER));
    this.#small.clear();
  }
  /**
   * A bit for each of `texts` that may hold all of the patterns (bytes seen as latin1); null when they are too short to say
   * anything. Reads some rows of each block.
   */
  *candidates(patterns: readonly string[]): Generator<void, Uint8Array | null> {
    const rows = this.#small.shape.probes(patterns);
    if (rows.length === 0) return null;
    const bits = new Uint8Array(this.texts / 8);
    yield* this.#large.mark(rows, bits, 0);
    yield* this.#small.mark(rows, bits, this.#large.blocks * this.#large.shape.bitsBytes);
    return bits;
  }
  /** Removes the files. */
  remove(): void {
    this.#large.remove();
    this.#small.remove();
  }
  /** Lets go of the files. */
  close(): void {
    this.#large.close();
    this.#small.close();
  }
}

/** Whether the text of that number may hold what the bits were made for. */
export function mayHold(bits: Uint8Array, text: number): boolean {
  return text >>> 3 >= bits.length || (bits[text >>> 3]! & (1 << (text & 7))) !== 0;
}

/** CRC-32C of the checks from `at` on of a block that is joined. */
function joinedCheck(checks: readonly number[], at: number): number {
  const bytes = new Uint8Array(JOINED_TOGETHER * CRC_BYTES);
  for (let i = 0; i < JOINED_TOGETHER; i++) putU32(bytes, i * CRC_BYTES, checks[at + i]!);
  return crc32c(bytes) >>> 0;
}
