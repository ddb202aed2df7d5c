import { crc32c } from "@node-rs/crc32";
import { guarded } from "../disk/disk_failure.ts";
import type { FileSystem } from "../disk/file_system.ts";
import { getU32 } from "../layout/pack.ts";
import { type BlockShape, CRC_BYTES, type SignatureBlock } from "./signature_block.ts";

/** Blocks looked at between two yields. */
const BLOCKS_TOGETHER = 64;

/** A file of blocks of one shape. It is never flushed: what is damaged says nothing, and the texts are read. */
export class SignatureFile {
  #fd: number | null = null;
  #blocks = 0;
  readonly #row: Uint8Array;
  constructor(private readonly path: string, private readonly files: FileSystem, readonly shape: BlockShape) {
    this.#row = new Uint8Array(shape.rowBytes);
  }

  get blocks(): number {
    return this.#blocks;
  }
  /** Opens what is there; `checks` is what the first blocks should be of: from the first that is of something else on all is cut. */
  load(checks: readonly number[]): void {
    guarded(() => {
      const size = this.files.fileBytes(this.path);
      if (size === null) return;
      this.#fd = this.files.open(this.path, "update");
      const head = new Uint8Array(CRC_BYTES);
      for (const check of checks) {
        const start = this.#blocks * this.shape.bytes;
        if (start + this.shape.bytes > size || this.files.read(this.#fd, head, 0, CRC_BYTES, start) < CRC_BYTES) break;
        if (getU32(head, 0) !== check) break;
        this.#blocks++;
      }
      this.#cut(size);
    });
  }
  /** Writes a block. Throws Failure `disk` or `disk_full`; then it is not there. */
  add(block: SignatureBlock, check: number): void {
    const bytes = block.sealed(check);
    guarded(() => {
      this.#fd ??= this.files.open(this.path, "create");
      this.files.write(this.#fd, bytes, this.#blocks * this.shape.bytes);
    });
    this.#blocks++;
  }
  /** All blocks, one behind the other; what cannot be read is not to be believed, and its checksums say so. */
  read(): Uint8Array {
    const bytes = new Uint8Array(this.#blocks * this.shape.bytes);
    guarded(() => this.files.read(this.#fd!, bytes, 0, bytes.length, 0));
    return bytes;
  }
  /** Takes all blocks away. */
  clear(): void {
    const size = this.#blocks * this.shape.bytes;
    this.#blocks = 0;
    guarded(() => this.#cut(size));
  }
  /** Sets a bit, from `bits[at]` on, for each text that may hold all that the rows tell of. */
  *mark(rows: readonly number[], bits: Uint8Array, at: number): Generator<void, void> {
    const { bytes, bitsBytes } = this.shape;
    for (let block = 0; block < this.#blocks; block++) {
      if (block % BLOCKS_TOGETHER === BLOCKS_TOGETHER - 1) yield;
      const from = at + block * bitsBytes;
      bits.fill(0xff, from, from + bitsBytes);
      for (const row of rows) {
        if (!this.#intersect(bits, from, block * bytes + this.shape.placeOf(row))) break;
      }
    }
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

  #cut(size: number): void {
    const whole = this.#blocks * this.shape.bytes;
    if (this.#fd !== null && whole < size) this.files.truncate(this.#fd, whole);
  }
  /** Leaves those bits that a row has, too; answers whether any is left. A row that cannot be read takes none away. */
  #intersect(bits: Uint8Array, from: number, position: number): boolean {
    const { bitsBytes, rowBytes } = this.shape;
    const row = this.#row;
    const came = guarded(() => this.files.read(this.#fd!, row, 0, rowBytes, position));
    if (came < rowBytes || crc32c(row.subarray(0, bitsBytes)) >>> 0 !== getU32(row, bitsBytes)) return true;
    let left = 0;
    for (let i = 0; i < bitsBytes; i++) left |= bits[from + i]! &= row[i]!;
    return left !== 0;
  }
}
