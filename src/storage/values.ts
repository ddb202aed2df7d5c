import { assert, Failure } from "../base/mod.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import { type Key, readRowsBlock } from "./keys.ts";
import { getAscii, getU32, getU48, putAscii, putU32, putU48 } from "./pack.ts";
import type { MessageRow } from "./types.ts";

/** Where a body lies and how many rows name it. */
export interface BodyPlace {
  segment: number;
  offset: number;
  length: number;
  /** CRC-32C of the bytes. */
  crc: number;
  refs: number;
}

/** Counters of a mailbox as they are stored. */
export interface MailboxCounters {
  uidValidity: number;
  uidNext: number;
  highestModSeq: number;
  messages: number;
  unseen: number;
  deleted: number;
  size: number;
  /** Changes up to this MODSEQ may have been forgotten. */
  changesFloor: number;
  changeRows: number;
}

export interface Usage {
  bytes: number;
  messages: number;
}

/** Bytes written to a segment and how many of them nobody names any more. */
export interface SegmentUse {
  bytes: number;
  dead: number;
}

/** A row that does not have its form; whoever asked for it fails alone. */
function damaged(what: string): Failure {
  return new Failure("corrupt", `a ${what} row of the index is damaged`);
}

export function encodeMailbox(counters: MailboxCounters): Uint8Array {
  const bytes = new Uint8Array(45);
  bytes[0] = 1;
  putU32(bytes, 1, counters.uidValidity);
  putU48(bytes, 5, counters.uidNext);
  putU48(bytes, 11, counters.highestModSeq);
  putU32(bytes, 17, counters.messages);
  putU32(bytes, 21, counters.unseen);
  putU32(bytes, 25, counters.deleted);
  putU48(bytes, 29, counters.size);
  putU48(bytes, 35, counters.changesFloor);
  putU32(bytes, 41, counters.changeRows);
  return bytes;
}

export function decodeMailbox(bytes: Uint8Array): MailboxCounters {
  if (bytes.length !== 45 || bytes[0] !== 1) throw damaged("mailbox");
  return {
    uidValidity: getU32(bytes, 1),
    uidNext: getU48(bytes, 5),
    highestModSeq: getU48(bytes, 11),
    messages: getU32(bytes, 17),
    unseen: getU32(bytes, 21),
    deleted: getU32(bytes, 25),
    size: getU48(bytes, 29),
    changesFloor: getU48(bytes, 35),
    changeRows: getU32(bytes, 41),
  };
}

export function encodeUsage(usage: Usage): Uint8Array {
  return encodePair(usage.bytes, usage.messages);
}

export function decodeUsage(bytes: Uint8Array): Usage {
  const [size, messages] = decodePair(bytes);
  return { bytes: size, messages };
}

export function encodeSegmentUse(use: SegmentUse): Uint8Array {
  return encodePair(use.bytes, use.dead);
}

export function decodeSegmentUse(bytes: Uint8Array): SegmentUse {
  const [size, dead] = decodePair(bytes);
  return { bytes: size, dead };
}

function encodePair(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(12);
  putU48(bytes, 0, first);
  putU48(bytes, 6, second);
  return bytes;
}

function decodePair(bytes: Uint8Array): [number, number] {
  if (bytes.length !== 12) throw damaged("counter");
  return [getU48(bytes, 0), getU48(bytes, 6)];
}

export function encodeBody(place: BodyPlace): Uint8Array {
  const bytes = new Uint8Array(20);
  putU32(bytes, 0, place.segment);
  putU32(bytes, 4, place.offset);
  putU32(bytes, 8, place.length);
  putU32(bytes, 12, place.crc);
  putU32(bytes, 16, place.refs);
  return bytes;
}

export function decodeBody(bytes: Uint8Array): BodyPlace {
  if (bytes.length !== 20) throw damaged("body");
  return {
    segment: getU32(bytes, 0),
    offset: getU32(bytes, 4),
    length: getU32(bytes, 8),
    crc: getU32(bytes, 12),
    refs: getU32(bytes, 16),
  };
}

/** UIDs per block. A full block has 1,920 bytes and stays inside one LMDB page. */
export const BLOCK_UIDS = 64;
const ROW_BYTES = 30;

/** What a row of a mailbox holds. */
export interface StoredRow {
  uid: number;
  flags: number;
  size: number;
  modSeq: number;
  internalDateMs: number;
  body: number;
}

/**
 * Rows of up to 64 consecutive UIDs, packed, rising by UID. Row: slot u8, flags u8, reserved u16, size u32, modSeq u48,
 * date u48, body u48, keywords u32 (reserved).
 */
export class RowBlock {
  #bytes: Uint8Array;
  #rows: number;
  constructor(readonly number: number, stored: Uint8Array | undefined) {
    this.#bytes = stored ?? new Uint8Array(4 * ROW_BYTES);
    this.#rows = stored === undefined ? 0 : stored.length / ROW_BYTES;
    if (!Number.isInteger(this.#rows) || this.#rows > BLOCK_UIDS) throw damaged("message");
  }
  get rows(): number {
    return this.#rows;
  }
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#rows * ROW_BYTES);
  }
  /** Adds a row whose UID is above all others in the block. */
  append(row: StoredRow): void {
    assert(this.#rows < BLOCK_UIDS, "a block has room for its UIDs");
    const used = this.#rows * ROW_BYTES;
    if (used === this.#bytes.length) {
      const more = new Uint8Array(Math.min(BLOCK_UIDS, this.#rows + 8) * ROW_BYTES);
      more.set(this.#bytes);
      this.#bytes = more;
    }
    writeRow(this.#bytes, used, row);
    this.#rows++;
  }
  /** The index of a UID's row, or -1. */
  find(uid: number): number {
    const slot = uid % BLOCK_UIDS;
    for (let i = 0; i < this.#rows; i++) if (this.#bytes[i * ROW_BYTES] === slot) return i;
    return -1;
  }
  row(index: number): StoredRow {
    return readRow(this.#bytes, index * ROW_BYTES, this.number);
  }
  setFlags(index: number, flags: number, modSeq: number): void {
    this.#bytes[index * ROW_BYTES + 1] = flags;
    putU48(this.#bytes, index * ROW_BYTES + 8, modSeq);
  }
  remove(index: number): void {
    this.#bytes.copyWithin(index * ROW_BYTES, (index + 1) * ROW_BYTES, this.#rows * ROW_BYTES);
    this.#rows--;
  }
}

function writeRow(bytes: Uint8Array, at: number, row: StoredRow): void {
  bytes[at] = row.uid % BLOCK_UIDS;
  bytes[at + 1] = row.flags;
  putU32(bytes, at + 4, row.size);
  putU48(bytes, at + 8, row.modSeq);
  putU48(bytes, at + 14, row.internalDateMs);
  putU48(bytes, at + 20, row.body);
  putU32(bytes, at + 26, 0);
}

function readRow(bytes: Uint8Array, at: number, block: number): StoredRow {
  return {
    uid: block * BLOCK_UIDS + bytes[at]!,
    flags: bytes[at + 1]!,
    size: getU32(bytes, at + 4),
    modSeq: getU48(bytes, at + 8),
    internalDateMs: getU48(bytes, at + 14),
    body: getU48(bytes, at + 20),
  };
}

/** The row as the store's callers see it. */
export function publicRow(row: StoredRow): MessageRow {
  return {
    uid: row.uid as Uid,
    modSeq: row.modSeq as ModSeq,
    flags: row.flags,
    keywords: [],
    size: row.size,
    internalDateMs: row.internalDateMs,
  };
}

/** Where one recipient's copy went. */
export interface OpTarget {
  readonly account: string;
  readonly uid: number;
  /** Epoch of the UID: after a purge the same number may name another message. */
  readonly uidValidity: number;
}

/** A delivery that was answered, or one that was taken back (`targets` null). */
export interface OpAnswer {
  readonly mailbox: number;
  readonly targets: readonly OpTarget[] | null;
}

export function encodeOp(answer: OpAnswer): Uint8Array {
  const targets = answer.targets ?? [];
  let length = 5;
  for (const { account } of targets) length += 9 + account.length;
  const bytes = new Uint8Array(length);
  bytes[0] = answer.targets === null ? 2 : 1;
  putU32(bytes, 1, answer.mailbox);
  let at = 5;
  for (const { account, uid, uidValidity } of targets) {
    bytes[at] = account.length;
    putAscii(bytes, at + 1, account);
    putU32(bytes, at + 1 + account.length, uid);
    putU32(bytes, at + 5 + account.length, uidValidity);
    at += 9 + account.length;
  }
  return bytes;
}

export function decodeOp(bytes: Uint8Array): OpAnswer {
  const mailbox = getU32(bytes, 1);
  if (bytes[0] === 2) return { mailbox, targets: null };
  const targets = [];
  for (let at = 5; at < bytes.length;) {
    const end = at + 1 + bytes[at]!;
    targets.push({
      account: getAscii(bytes, at + 1, end),
      uid: getU32(bytes, end),
      uidValidity: getU32(bytes, end + 4),
    });
    at = end + 8;
  }
  return { mailbox, targets };
}

/** Ranges of UIDs in one part of a change row. */
const RANGES_MAX = 240;

/** Rising UIDs as parts of at most 240 ranges: kind (1 flags, 2 expunged), then first and last of each range. */
export function encodeChange(kind: 1 | 2, uids: readonly number[]): Uint8Array[] {
  const ranges: [number, number][] = [];
  for (const uid of uids) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === uid - 1) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  const parts: Uint8Array[] = [];
  for (let from = 0; from < ranges.length; from += RANGES_MAX) {
    const some = ranges.slice(from, from + RANGES_MAX);
    const bytes = new Uint8Array(1 + 8 * some.length);
    bytes[0] = kind;
    some.forEach(([first, last], i) => {
      putU32(bytes, 1 + 8 * i, first);
      putU32(bytes, 5 + 8 * i, last);
    });
    parts.push(bytes);
  }
  return parts;
}

export function decodeChange(bytes: Uint8Array): { kind: "flags" | "expunged"; uids: number[] } {
  const uids: number[] = [];
  for (let at = 1; at < bytes.length; at += 8) {
    const last = getU32(bytes, at + 4);
    for (let uid = getU32(bytes, at); uid <= last; uid++) uids.push(uid);
  }
  return { kind: bytes[0] === 2 ? "expunged" : "flags", uids };
}

/** All rows of stored blocks, in order. */
export function readBlocks(stored: readonly { readonly key: Key; readonly value: Uint8Array }[]): StoredRow[] {
  const rows: StoredRow[] = [];
  for (const { key, value } of stored) {
    const block = readRowsBlock(key);
    for (let at = 0; at < value.length; at += ROW_BYTES) rows.push(readRow(value, at, block));
  }
  return rows;
}
