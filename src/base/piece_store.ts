/** Pieces shorter than this are copied together: an array element costs as much, in bytes. */
const VIEW_BYTES_MIN = 4_096;
/** A view is kept only when it is at least this share of the buffer it pins. */
const VIEW_SHARE_MIN = 1 / 4;
const BLOCK_BYTES_MIN = 1_024;
const BLOCK_BYTES_MAX = 65_536;

/** Bytes in the order they came: large pieces as views without a copy, small ones together in blocks. */
export class PieceStore {
  #pieces: Uint8Array[] = [];
  #block: Uint8Array | null = null;
  #blockUsed = 0;
  #bytes = 0;
  #dropped = false;

  /** Bytes of memory that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps input[from, to). */
  add(input: Uint8Array, from: number, to: number): void {
    if (this.#dropped) return;
    const length = to - from;
    if (length >= VIEW_BYTES_MIN && length >= input.buffer.byteLength * VIEW_SHARE_MIN) {
      this.#closeBlock();
      this.#pieces.push(input.subarray(from, to));
      this.#bytes += length;
      return;
    }
    if (this.#block === null || this.#block.length - this.#blockUsed < length) {
      this.#closeBlock();
      const wanted = Math.min(BLOCK_BYTES_MAX, Math.max(BLOCK_BYTES_MIN, this.#bytes));
      this.#block = new Uint8Array(Math.max(length, wanted));
      this.#bytes += this.#block.length;
    }
    this.#block.set(from === 0 && to === input.length ? input : input.subarray(from, to), this.#blockUsed);
    this.#blockUsed += length;
  }

  /** Forgets everything, and whatever is added later. */
  drop(): void {
    this.#dropped = true;
    this.#pieces = [];
    this.#block = null;
    this.#blockUsed = 0;
    this.#bytes = 0;
  }

  /** All pieces; the store is empty afterwards. */
  take(): readonly Uint8Array[] {
    this.#closeBlock();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #closeBlock(): void {
    if (this.#block !== null && this.#blockUsed > 0) this.#pieces.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = null;
    this.#blockUsed = 0;
  }
}
