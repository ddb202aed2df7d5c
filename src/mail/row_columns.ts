/** Set in `flags` of a row that no other session was told of before. */
export const RECENT_BIT = 0x80;

/** Columns that are there when they are wanted, as bits; sequence numbers, UIDs, keywords and flags always are. */
export const RowColumn = { modSeq: 1, internalDateMs: 2, content: 4, size: 8, saved: 16 } as const;

/** Which of them there are: who wants many rows wants little of each, mostly. */
export type RowForm = number;

export const FLAG_COLUMNS: RowForm = 0;
export const ALL_COLUMNS: RowForm = 31;

/** Bytes of a row. */
export function rowBytes(form: RowForm): number {
  const wide = bitOf(form, RowColumn.modSeq) + bitOf(form, RowColumn.internalDateMs) + bitOf(form, RowColumn.content);
  const narrow = 3 + bitOf(form, RowColumn.size) + bitOf(form, RowColumn.saved);
  return 8 * wide + 4 * narrow + 1;
}

function bitOf(form: RowForm, column: number): number {
  return (form & column) === 0 ? 0 : 1;
}

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
    readonly form: RowForm = ALL_COLUMNS,
    private readonly buffer = new ArrayBuffer(capacity * rowBytes(form)),
  ) {
    let at = 0;
    const place = (bytes: number, column: number | null) => {
      const length = column === null ? capacity : capacity * bitOf(form, column);
      at += bytes * length;
      return [buffer, at - bytes * length, length] as const;
    };
    // The widest first: each then lies where its kind of array may begin.
    this.modSeq = new Float64Array(...place(8, RowColumn.modSeq));
    this.internalDateMs = new Float64Array(...place(8, RowColumn.internalDateMs));
    this.content = new Float64Array(...place(8, RowColumn.content));
    this.sequence = new Uint32Array(...place(4, null));
    this.uid = new Uint32Array(...place(4, null));
    this.keywords = new Uint32Array(...place(4, null));
    this.size = new Uint32Array(...place(4, RowColumn.size));
    this.saved = new Uint32Array(...place(4, RowColumn.saved));
    this.flags = new Uint8Array(...place(1, null));
  }

  /** Reads what `bytes` made; null when it is of another length than any rows have. */
  static of(bytes: Uint8Array, form: RowForm = ALL_COLUMNS): RowColumns | null {
    const count = bytes.length / rowBytes(form);
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
    for (const name of NAMES) fitting[name].set(this[name].subarray(0, count));
    return new Uint8Array(fitting.buffer);
  }
}

const NAMES = [
  ...(["sequence", "uid", "keywords", "flags"] as const),
  ...(Object.keys(RowColumn) as (keyof typeof RowColumn)[]),
];
