/** Where the two counters lie, in words: each on a cache line of its own. */
const TAKEN = 0, PUT = 16;
const COUNTERS_BYTES = 128;
/** A record begins with its length and its number, and at a multiple of eight: so the two never part at the ring's end. */
const HEAD_BYTES = 8;

/**
 * A queue of numbered records in shared memory, between one thread that puts in and one that takes out. A record is there when
 * it is whole: a writer that dies in the middle of one leaves nothing. The counters are bytes, modulo 2^32.
 */
export class Ring {
  readonly #counters: Int32Array;
  readonly #heads: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, COUNTERS_BYTES / 4);
    this.#heads = new Int32Array(memory, COUNTERS_BYTES);
    this.#bytes = new Uint8Array(memory, COUNTERS_BYTES);
    this.#capacity = this.#bytes.length;
  }

  /** Memory for a ring of `capacity` bytes, a power of two. */
  static memory(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer(COUNTERS_BYTES + capacity);
  }

  /** Puts a record in; false when there is no room for it now. */
  put(number: number, record: Uint8Array): boolean {
    const put = this.#counters[PUT]!;
    const size = sizeOf(record.length);
    if (this.#used(put, Atomics.load(this.#counters, TAKEN)) + size > this.#capacity) return false;
    const at = this.#at(put);
    this.#heads[at >>> 2] = record.length;
    this.#heads[(at >>> 2) + 1] = number;
    const start = this.#at(put + HEAD_BYTES);
    const first = Math.min(record.length, this.#capacity - start);
    this.#bytes.set(record.subarray(0, first), start);
    if (first < record.length) this.#bytes.set(record.subarray(first), 0);
    Atomics.store(this.#counters, PUT, (put + size) | 0);
    return true;
  }

  /**
   * Takes the next record out, if that is its number: a copy, which the writer cannot change any more. Null when there is none,
   * "broken" when what is there cannot be a record; no more can be read then.
   */
  take(number: number): ArrayBuffer | "broken" | null {
    const taken = this.#counters[TAKEN]!;
    const used = this.#used(Atomics.load(this.#counters, PUT), taken);
    if (used === 0) return null;
    const at = this.#at(taken);
    const length = this.#heads[at >>> 2]!;
    // The writer may be a thread gone wrong: nothing that it says leads out of the ring.
    if (used > this.#capacity || length < 0 || length > used || sizeOf(length) > used) return "broken";
    if (this.#heads[(at >>> 2) + 1] !== number) return null;
    const copy = new Uint8Array(length);
    const start = this.#at(taken + HEAD_BYTES);
    const first = Math.min(length, this.#capacity - start);
    copy.set(this.#bytes.subarray(start, start + first));
    if (first < length) copy.set(this.#bytes.subarray(0, length - first), first);
    Atomics.store(this.#counters, TAKEN, (taken + sizeOf(length)) | 0);
    return copy.buffer;
  }

  #used(put: number, taken: number): number {
    return (put - taken) >>> 0;
  }

  #at(counter: number): number {
    return counter & (this.#capacity - 1);
  }
}

function sizeOf(length: number): number {
  return (HEAD_BYTES + length + 7) & ~7;
}
