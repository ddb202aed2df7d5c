/** Blocks that get memory of their own each, before others share some. */
const ALONE = 8;
/** Memory that blocks share, in bytes: of 16 full ones. As long as one of them is kept, so is all of it. */
const SHARED_BYTES = 16 * 1_985;

/** Memory for the blocks that one change writes: thousands of small pieces are dear to take, and to give back. */
export class RowRoom {
  #taken = 0;
  #shared: ArrayBuffer | null = null;
  #used = 0;
  take(bytes: number): Uint8Array {
    if (++this.#taken <= ALONE) return new Uint8Array(bytes);
    if (this.#shared === null || this.#used + bytes > SHARED_BYTES) {
      this.#shared = new ArrayBuffer(Math.max(bytes, SHARED_BYTES));
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#shared, this.#used, bytes);
    this.#used += bytes;
    return piece;
  }
}
