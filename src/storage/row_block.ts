import { assert } from "../base/mod.ts";
import { Flag } from "../mail/flag.ts";
import { FLAG_COLUMNS, RowColumn, type RowColumns } from "../mail/row_columns.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { FullRow } from "./account/types.ts";
import type { FlagChange } from "./flag_change.ts";
import { type Key, readRowsBlock } from "./layout/keys.ts";
import type { RowRoom } from "./row_room.ts";
import { getU24, getU32, getU48, putU24, putU32, putU48 } from "./layout/pack.ts";
import type { MessageRow } from "./types.ts";
import { damaged } from "./layout/values.ts";

/** UIDs per block. A full block has 1,985 bytes and stays inside one LMDB page. */
export const BLOCK_UIDS = 64;

/*
 * A block: its form (one octet), then rows, rising by UID. Row: slot u8, flags u8, set of keywords u24 (0: none), size u32,
 * modSeq u48, internal date u48 (ms), body u48, saved u32 (s).
 *
 * Schema 1 had no octet before the rows, and rows of 30 octets: slot u8, flags u8, 0 u16, size u32, modSeq u48, date u48, body
 * u48, 0 u32. Its first octet is a slot, below 64.
 */
const FORM = 0x82;
const ROW_BYTES = 31;
const OLD_ROW_BYTES = 30;

/** Rows up to which a block that grows gets room for few more, and beyond which for all. */
const FEW_ROWS = 16;
/** Flags of which a mailbox counts who has them. */
const COUNTED = Flag.seen | Flag.deleted;

/** What a row of a mailbox holds. */
export interface StoredRow {
  uid: number;
  flags: number;
  /** Number of its set of keywords in the mailbox; 0: none. */
  keywords: number;
  size: number;
  modSeq: number;
  internalDateMs: number;
  body: number;
  /** Seconds since 1970. */
  saved: number;
}

/** The latest second that a row can hold, in 2106. */
const SAVED_MAX = 0xffff_ffff;

/** A time in ms as rows keep it. */
export function savedSeconds(ms: number): number {
  return Math.min(SAVED_MAX, Math.floor(ms / 1_000));
}

/**
 * Rows of up to 64 consecutive UIDs, in the form in which they are stored. What it was made of and what it gave out is the
 * index's, and never changed.
 */
export class RowBlock {
  #bytes: Uint8Array;
  #rows: number;
  /** Whether the bytes are the index's, too. */
  #shared: boolean;
  /** Whether it may have another number of rows than is told of it beside the blocks. */
  recount = false;
  /** Whether its rows are others than those it was made of. */
  changed = false;
  constructor(readonly number: number, stored: Uint8Array | undefined, private readonly room: RowRoom | null = null) {
    if (stored === undefined) {
      this.#bytes = new Uint8Array(1 + 4 * ROW_BYTES);
      this.#bytes[0] = FORM;
      this.#rows = 0;
      this.#shared = false;
    } else {
      this.#rows = rowsIn(stored);
      this.#shared = stored[0] === FORM;
      this.#bytes = this.#shared ? stored : renewed(stored, number);
    }
  }
  get rows(): number {
    return this.#rows;
  }
  bytes(): Uint8Array {
    this.#shared = true;
    const length = 1 + this.#rows * ROW_BYTES;
    return length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, length);
  }
  /** Adds a row whose UID is above all others in the block. */
  append(row: StoredRow): void {
    assert(this.#rows < BLOCK_UIDS, "a block has room for its UIDs");
    const used = 1 + this.#rows * ROW_BYTES;
    // Where several rows come at once, it is mostly many.
    if (used + ROW_BYTES > this.#bytes.length) this.#own(this.#rows < FEW_ROWS ? this.#rows + 8 : BLOCK_UIDS);
    else if (this.#shared) this.#own(this.#rows + 1);
    writeRow(this.#bytes, used, row);
    this.#rows++;
    this.recount = true;
    this.changed = true;
  }
  /** The index of a UID's row, or -1. */
  find(uid: number): number {
    const slot = uid % BLOCK_UIDS;
    for (let i = 0; i < this.#rows; i++) {
      const there = this.#bytes[1 + i * ROW_BYTES]!;
      if (there >= slot) return there === slot ? i : -1;
    }
    return -1;
  }
  row(index: number): StoredRow {
    return readRow(this.#bytes, 1 + index * ROW_BYTES, this.number);
  }
  /** Gives a row another MODSEQ. */
  touch(index: number, modSeq: number): void {
    if (this.#shared) this.#own(this.#rows);
    putU48(this.#bytes, 1 + index * ROW_BYTES + 9, modSeq);
    this.changed = true;
  }
  /** Changes flags of the rows of the UIDs from `first` to `last`, all of them of this block. What stays as it is is not written. */
  change(first: number, last: number, by: FlagChange): void {
    const { add, keep, modSeqHigh, modSeqLow, unchangedSince, changesKeywords } = by;
    const base = this.number * BLOCK_UIDS;
    const end = 1 + this.#rows * ROW_BYTES;
    let bytes = this.#bytes;
    let at = 1;
    while (at < end && base + bytes[at]! < first) at += ROW_BYTES;
    /** The UID that would follow, and the first of those in a row that were changed; 0: none. */
    let [next, run] = [first, 0];
    for (; at < end; at += ROW_BYTES) {
      const uid = base + bytes[at]!;
      if (uid > last) break;
      if (uid > next) {
        if (run > 0) by.didChange(run, next - 1);
        run = 0;
        by.didMiss(next, uid - 1);
      }
      next = uid + 1;
      const before = bytes[at + 1]!;
      const flags = before & keep | add & keep;
      const isLate = unchangedSince < Infinity && getU48(bytes, at + 9) > unchangedSince;
      const held = changesKeywords ? getU24(bytes, at + 2) : 0;
      const keywords = changesKeywords && !isLate ? by.keywordsOf(held) : held;
      if (isLate || (flags === before && keywords === held)) {
        if (isLate) by.modified.push(uid);
        if (run > 0) by.didChange(run, uid - 1);
        run = 0;
        continue;
      }
      if (this.#shared) bytes = this.#own(this.#rows);
      bytes[at + 1] = flags;
      if (keywords !== held) putU24(bytes, at + 2, keywords);
      bytes[at + 9] = modSeqHigh >>> 8;
      bytes[at + 10] = modSeqHigh;
      putU32(bytes, at + 11, modSeqLow);
      if (((before ^ flags) & COUNTED) !== 0) by.count(before, flags);
      if (run === 0) [run, this.changed] = [uid, true];
    }
    if (run > 0) by.didChange(run, next - 1);
    if (next <= last) by.didMiss(next, last);
  }
  /** Takes the rows of the UIDs from `first` to `last` away, and answers them. */
  take(first: number, last: number): StoredRow[] {
    const base = this.number * BLOCK_UIDS;
    const uidOf = (index: number) => base + this.#bytes[1 + index * ROW_BYTES]!;
    let from = 0;
    while (from < this.#rows && uidOf(from) < first) from++;
    const taken: StoredRow[] = [];
    let end = from;
    for (; end < this.#rows && uidOf(end) <= last; end++) taken.push(this.row(end));
    if (end === from) return taken;
    if (this.#shared) this.#own(this.#rows);
    this.#bytes.copyWithin(1 + from * ROW_BYTES, 1 + end * ROW_BYTES, 1 + this.#rows * ROW_BYTES);
    this.#rows -= taken.length;
    this.recount = true;
    this.changed = true;
    return taken;
  }
  /** Goes on with bytes of its own, with room for so many rows. */
  #own(rows: number): Uint8Array {
    const own = this.room?.take(1 + rows * ROW_BYTES) ?? new Uint8Array(1 + rows * ROW_BYTES);
    const used = 1 + this.#rows * ROW_BYTES;
    own.set(used === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, used));
    this.#bytes = own;
    this.#shared = false;
    return own;
  }
}

/** Rows in a stored block. Throws Failure `corrupt` when it has no form that was ever written. */
export function rowsIn(stored: Uint8Array): number {
  const rows = stored[0] === FORM ? (stored.length - 1) / ROW_BYTES : stored.length / OLD_ROW_BYTES;
  const form = stored[0] === FORM || (stored[0] ?? BLOCK_UIDS) < BLOCK_UIDS;
  if (!form || !Number.isInteger(rows) || rows > BLOCK_UIDS) throw damaged("message");
  return rows;
}

/** All rows of stored blocks, in order. */
export function readBlocks(stored: readonly { readonly key: Key; readonly value: Uint8Array }[]): StoredRow[] {
  const rows: StoredRow[] = [];
  for (const { key, value } of stored) {
    const block = readRowsBlock(key);
    const count = rowsIn(value);
    for (let i = 0; i < count; i++) {
      rows.push(
        value[0] === FORM ? readRow(value, 1 + i * ROW_BYTES, block) : readOldRow(value, i * OLD_ROW_BYTES, block),
      );
    }
  }
  return rows;
}

/** Which rows of blocks are wanted: UIDs from `first` to `last`, with a MODSEQ above `modSeqAbove` (0: all). */
export interface RowsChosen {
  readonly first: number;
  readonly last: number;
  readonly modSeqAbove: number;
}

/** Adds chosen rows of a stored block to columns, as long as there is room; `sequence` counts the rows from `first` on. */
export function addToColumns(
  stored: Uint8Array,
  number: number,
  { first, last, modSeqAbove }: RowsChosen,
  into: RowColumns,
  counted: { rows: number },
): void {
  const block = stored[0] === FORM ? stored : renewed(stored, number);
  const rows = rowsIn(block);
  const base = number * BLOCK_UIDS;
  const { form } = into;
  let to = into.count;
  for (let i = 0, at = 1; i < rows; i++, at += ROW_BYTES) {
    const uid = base + block[at]!;
    if (uid < first) continue;
    if (uid > last || to === into.capacity) break;
    const sequence = counted.rows++;
    if (modSeqAbove > 0 && getU48(block, at + 9) <= modSeqAbove) continue;
    into.sequence[to] = sequence;
    into.uid[to] = uid;
    into.keywords[to] = getU24(block, at + 2);
    into.flags[to] = block[at + 1]!;
    if (form !== FLAG_COLUMNS) {
      if ((form & RowColumn.modSeq) !== 0) into.modSeq[to] = getU48(block, at + 9);
      if ((form & RowColumn.internalDateMs) !== 0) into.internalDateMs[to] = getU48(block, at + 15);
      if ((form & RowColumn.content) !== 0) into.content[to] = getU48(block, at + 21);
      if ((form & RowColumn.size) !== 0) into.size[to] = getU32(block, at + 5);
      if ((form & RowColumn.saved) !== 0) into.saved[to] = getU32(block, at + 27);
    }
    to++;
  }
  into.count = to;
}

/** The row as lists show it. */
export function publicRow(row: StoredRow, keywords: readonly string[]): MessageRow {
  return {
    uid: row.uid as Uid,
    modSeq: row.modSeq as ModSeq,
    flags: row.flags,
    keywords,
    size: row.size,
    internalDateMs: row.internalDateMs,
  };
}

/** The row as views show it. */
export function fullRow(row: StoredRow, keywords: readonly string[]): FullRow {
  return { ...publicRow(row, keywords), savedMs: row.saved * 1_000, content: row.body };
}

/** A block of schema 1 in the present form. */
function renewed(stored: Uint8Array, number: number): Uint8Array {
  const rows = rowsIn(stored);
  const bytes = new Uint8Array(1 + rows * ROW_BYTES);
  bytes[0] = FORM;
  for (let i = 0; i < rows; i++) writeRow(bytes, 1 + i * ROW_BYTES, readOldRow(stored, i * OLD_ROW_BYTES, number));
  return bytes;
}

function writeRow(bytes: Uint8Array, at: number, row: StoredRow): void {
  bytes[at] = row.uid % BLOCK_UIDS;
  bytes[at + 1] = row.flags;
  putU24(bytes, at + 2, row.keywords);
  putU32(bytes, at + 5, row.size);
  putU48(bytes, at + 9, row.modSeq);
  putU48(bytes, at + 15, row.internalDateMs);
  putU48(bytes, at + 21, row.body);
  putU32(bytes, at + 27, row.saved);
}

function readRow(bytes: Uint8Array, at: number, block: number): StoredRow {
  return {
    uid: block * BLOCK_UIDS + bytes[at]!,
    flags: bytes[at + 1]!,
    keywords: getU24(bytes, at + 2),
    size: getU32(bytes, at + 5),
    modSeq: getU48(bytes, at + 9),
    internalDateMs: getU48(bytes, at + 15),
    body: getU48(bytes, at + 21),
    saved: getU32(bytes, at + 27),
  };
}

/** Of schema 1: it came into its mailbox when it was delivered. */
function readOldRow(bytes: Uint8Array, at: number, block: number): StoredRow {
  const internalDateMs = getU48(bytes, at + 14);
  return {
    uid: block * BLOCK_UIDS + bytes[at]!,
    flags: bytes[at + 1]!,
    keywords: 0,
    size: getU32(bytes, at + 4),
    modSeq: getU48(bytes, at + 8),
    internalDateMs,
    body: getU48(bytes, at + 20),
    saved: savedSeconds(internalDateMs),
  };
}
