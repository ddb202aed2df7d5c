import { Buffer } from "node:buffer";
import { assert } from "../base/mod.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import { type Key, readRowsBlock } from "./keys.ts";
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

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function encodeMailbox(counters: MailboxCounters): Uint8Array {
  const bytes = Buffer.allocUnsafe(45);
  bytes[0] = 1;
  bytes.writeUInt32BE(counters.uidValidity, 1);
  bytes.writeUIntBE(counters.uidNext, 5, 6);
  bytes.writeUIntBE(counters.highestModSeq, 11, 6);
  bytes.writeUInt32BE(counters.messages, 17);
  bytes.writeUInt32BE(counters.unseen, 21);
  bytes.writeUInt32BE(counters.deleted, 25);
  bytes.writeUIntBE(counters.size, 29, 6);
  bytes.writeUIntBE(counters.changesFloor, 35, 6);
  bytes.writeUInt32BE(counters.changeRows, 41);
  return bytes;
}

export function decodeMailbox(stored: Uint8Array): MailboxCounters {
  const bytes = view(stored);
  assert(bytes.length === 45 && bytes[0] === 1, "a mailbox row has 45 bytes of version 1");
  return {
    uidValidity: bytes.readUInt32BE(1),
    uidNext: bytes.readUIntBE(5, 6),
    highestModSeq: bytes.readUIntBE(11, 6),
    messages: bytes.readUInt32BE(17),
    unseen: bytes.readUInt32BE(21),
    deleted: bytes.readUInt32BE(25),
    size: bytes.readUIntBE(29, 6),
    changesFloor: bytes.readUIntBE(35, 6),
    changeRows: bytes.readUInt32BE(41),
  };
}

export function encodeUsage(usage: Usage): Uint8Array {
  return encodePair(usage.bytes, usage.messages);
}

export function decodeUsage(stored: Uint8Array): Usage {
  const [bytes, messages] = decodePair(stored);
  return { bytes, messages };
}

export function encodeSegmentUse(use: SegmentUse): Uint8Array {
  return encodePair(use.bytes, use.dead);
}

export function decodeSegmentUse(stored: Uint8Array): SegmentUse {
  const [bytes, dead] = decodePair(stored);
  return { bytes, dead };
}

function encodePair(first: number, second: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUIntBE(first, 0, 6);
  bytes.writeUIntBE(second, 6, 6);
  return bytes;
}

function decodePair(stored: Uint8Array): [number, number] {
  const bytes = view(stored);
  return [bytes.readUIntBE(0, 6), bytes.readUIntBE(6, 6)];
}

export function encodeBody(place: BodyPlace): Uint8Array {
  const bytes = Buffer.allocUnsafe(20);
  bytes.writeUInt32BE(place.segment, 0);
  bytes.writeUInt32BE(place.offset, 4);
  bytes.writeUInt32BE(place.length, 8);
  bytes.writeUInt32BE(place.crc, 12);
  bytes.writeUInt32BE(place.refs, 16);
  return bytes;
}

export function decodeBody(stored: Uint8Array): BodyPlace {
  const bytes = view(stored);
  return {
    segment: bytes.readUInt32BE(0),
    offset: bytes.readUInt32BE(4),
    length: bytes.readUInt32BE(8),
    crc: bytes.readUInt32BE(12),
    refs: bytes.readUInt32BE(16),
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
  #bytes: Buffer;
  #rows: number;
  constructor(readonly number: number, stored: Uint8Array | undefined) {
    this.#bytes = Buffer.allocUnsafe(BLOCK_UIDS * ROW_BYTES);
    this.#rows = 0;
    if (stored === undefined) return;
    assert(stored.length % ROW_BYTES === 0 && stored.length <= this.#bytes.length, "a block is whole rows");
    this.#bytes.set(stored);
    this.#rows = stored.length / ROW_BYTES;
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
    writeRow(this.#bytes, this.#rows++ * ROW_BYTES, row);
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
    this.#bytes.writeUIntBE(modSeq, index * ROW_BYTES + 8, 6);
  }
  remove(index: number): void {
    this.#bytes.copyWithin(index * ROW_BYTES, (index + 1) * ROW_BYTES, this.#rows * ROW_BYTES);
    this.#rows--;
  }
}

function writeRow(bytes: Buffer, at: number, row: StoredRow): void {
  bytes[at] = row.uid % BLOCK_UIDS;
  bytes[at + 1] = row.flags;
  bytes.writeUInt16BE(0, at + 2);
  bytes.writeUInt32BE(row.size, at + 4);
  bytes.writeUIntBE(row.modSeq, at + 8, 6);
  bytes.writeUIntBE(row.internalDateMs, at + 14, 6);
  bytes.writeUIntBE(row.body, at + 20, 6);
  bytes.writeUInt32BE(0, at + 26);
}

function readRow(bytes: Buffer, at: number, block: number): StoredRow {
  return {
    uid: block * BLOCK_UIDS + bytes[at]!,
    flags: bytes[at + 1]!,
    size: bytes.readUInt32BE(at + 4),
    modSeq: bytes.readUIntBE(at + 8, 6),
    internalDateMs: bytes.readUIntBE(at + 14, 6),
    body: bytes.readUIntBE(at + 20, 6),
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

/** A delivery that was answered, or one that was taken back (`targets` null). */
export interface OpAnswer {
  readonly mailbox: number;
  readonly targets: readonly { readonly account: string; readonly uid: number }[] | null;
}

export function encodeOp(answer: OpAnswer): Uint8Array {
  const targets = answer.targets ?? [];
  let length = 5;
  for (const { account } of targets) length += 5 + account.length;
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = answer.targets === null ? 2 : 1;
  bytes.writeUInt32BE(answer.mailbox, 1);
  let at = 5;
  for (const { account, uid } of targets) {
    bytes[at] = account.length;
    bytes.write(account, at + 1, "latin1");
    bytes.writeUInt32BE(uid, at + 1 + account.length);
    at += 5 + account.length;
  }
  return bytes;
}

export function decodeOp(stored: Uint8Array): OpAnswer {
  const bytes = view(stored);
  const mailbox = bytes.readUInt32BE(1);
  if (bytes[0] === 2) return { mailbox, targets: null };
  const targets = [];
  for (let at = 5; at < bytes.length;) {
    const end = at + 1 + bytes[at]!;
    targets.push({ account: bytes.toString("latin1", at + 1, end), uid: bytes.readUInt32BE(end) });
    at = end + 4;
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
    const bytes = Buffer.allocUnsafe(1 + 8 * some.length);
    bytes[0] = kind;
    some.forEach(([first, last], i) => {
      bytes.writeUInt32BE(first, 1 + 8 * i);
      bytes.writeUInt32BE(last, 5 + 8 * i);
    });
    parts.push(bytes);
  }
  return parts;
}

export function decodeChange(stored: Uint8Array): { kind: "flags" | "expunged"; uids: number[] } {
  const bytes = view(stored);
  const uids: number[] = [];
  for (let at = 1; at < bytes.length; at += 8) {
    const last = bytes.readUInt32BE(at + 4);
    for (let uid = bytes.readUInt32BE(at); uid <= last; uid++) uids.push(uid);
  }
  return { kind: bytes[0] === 2 ? "expunged" : "flags", uids };
}

/** All rows of stored blocks, in order. */
export function readBlocks(stored: readonly { readonly key: Key; readonly value: Uint8Array }[]): StoredRow[] {
  const rows: StoredRow[] = [];
  for (const { key, value } of stored) {
    const block = readRowsBlock(key);
    const bytes = view(value);
    for (let at = 0; at < bytes.length; at += ROW_BYTES) rows.push(readRow(bytes, at, block));
  }
  return rows;
}
