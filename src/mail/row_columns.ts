/** Set in `flags` of a row that no other session was told of before. */
export const RECENT_BIT = 0x80;

/** Three columns of eight bytes, five of four, one of one. */
const ROW_BYTES = 3 * 8 + 5 * 4 + 1;

/**
 * Rows of messages as columns: thousands of them go from the store to a session without one object for each. Times in ms since
 * 1970 UTC, `saved` in seconds. `keywords` are numbers of sets; what they mean goes beside.
 */
export class RowColumns {
  readonly modSeq: Float64Array;
  readonly internalDateMs: Float64Array;
  /** Number of the content in the shard. */
  readonly content: Float64Array;
  readonly sequence: Uint32Array;
  readonly uid: Uint32Array;
  /** Bytes. */
  readonly size: Uint32Array;
  readonly saved: Uint32Array;
  /** Number of its set of keywords; 0: none. */
  readonly keywords: Uint32Array;
  /** System flags, and `RECENT_BIT`. */
  readonly flags: Uint8Array;
  /** Rows that are there; the rest is room. */
  count = 0;

  constructor(readonly capacity: number, private readonly buffer = new ArrayBuffer(capacity * ROW_BYTES)) {
    let at = 0;
    const wide = () => new Float64Array(buffer, (at += 8 * capacity) - 8 * capacity, capacity);
    const narrow = () => new Uint32Array(buffer, (at += 4 * capacity) - 4 * capacity, capacity);
    [this.modSeq, this.internalDateMs, this.content] = [wide(), wide(), wide()];
    [this.sequence, this.uid, this.size] = [narrow(), narrow(), narrow()];
    [this.saved, this.keywords] = [narrow(), narrow()];
    this.flags = new Uint8Array(buffer, at, capacity);
  }

  /** Reads what `bytes` made; null when it is of another length than any rows have. */
  static of(bytes: Uint8Array): RowColumns | null {
    const count = bytes.length / ROW_BYTES;
    if (!Number.isInteger(count)) return null;
    const { buffer } = bytes;
    const own = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
    const columns = new RowColumns(count, own ? buffer : bytes.slice().buffer);
    columns.count = count;
    return columns;
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /** The rows that are there. */
  bytes(): Uint8Array {
    if (this.isFull) return new Uint8Array(this.buffer);
    const { count } = this;
    const fitting = new RowColumns(count);
    for (const name of COLUMNS) fitting[name].set(this[name].subarray(0, count));
    return new Uint8Array(fitting.buffer);
  }
}

const COLUMNS = [
  "modSeq",
  "internalDateMs",
  "content",
  "sequence",
  "uid",
  "size",
  "saved",
  "keywords",
  "flags",
] as const;
