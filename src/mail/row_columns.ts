/** Set in `flags` of a row that no other session was told of before. */
export const RECENT_BIT = 0x80;

/** Which columns there are: all, or sequence numbers, UIDs and flags, as most want who want many rows. */
export type RowForm = "all" | "flags";

/** Of all: three columns of eight bytes, five of four, one of one. */
const ROW_BYTES = { all: 3 * 8 + 5 * 4 + 1, flags: 3 * 4 + 1 } as const;

/**
 * Rows of messages as columns: thousands of them go from the store to a session without one object for each. Times in ms since 1970 UTC, `saved` in seconds. `keywords` are numbers of sets; what they mean goes beside.
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

  constructor(
    readonly capacity: number,
    readonly form: RowForm = "all",
    private readonly buffer = new ArrayBuffer(capacity * ROW_BYTES[form]),
  ) {
    let at = 0;
    const isAll = form === "all";
    const place = (bytes: number, isThere: boolean) => {
      const length = isThere ? capacity : 0;
      at += bytes * length;
      return [buffer, at - bytes * length, length] as const;
    };
    const wide = () => new Float64Array(...place(8, isAll));
    const narrow = (isThere: boolean) => new Uint32Array(...place(4, isThere));
    [this.modSeq, this.internalDateMs, this.content] = [wide(), wide(), wide()];
    [this.sequence, this.uid, this.keywords] = [narrow(true), narrow(true), narrow(true)];
    [this.size, this.saved] = [narrow(isAll), narrow(isAll)];
    this.flags = new Uint8Array(...place(1, true));
  }

  /** Reads what `bytes` made; null when it is of another length than any rows have. */
  static of(bytes: Uint8Array, form: RowForm = "all"): RowColumns | null {
    const count = bytes.length / ROW_BYTES[form];
    if (!Number.isInteger(count)) return null;
    const { buffer } = bytes;
    const own = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
    const columns = new RowColumns(count, form, own ? buffer : bytes.slice().buffer);
    columns.count = count;
    return columns;
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /** The rows that are there. */
  bytes(): Uint8Array {
    if (this.isFull) return new Uint8Array(this.buffer);
    const { count, form } = this;
    const fitting = new RowColumns(count, form);
    for (const name of form === "all" ? COLUMNS : FLAG_COLUMNS) fitting[name].set(this[name].subarray(0, count));
    return new Uint8Array(fitting.buffer);
  }
}

const FLAG_COLUMNS = ["sequence", "uid", "keywords", "flags"] as const;
const COLUMNS = [...FLAG_COLUMNS, "modSeq", "internalDateMs", "content", "size", "saved"] as const;
