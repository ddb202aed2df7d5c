import { Buffer } from "node:buffer";
import { Failure } from "../base/mod.ts";

/*
 * Every key of a shard's index. Numbers are big-endian, so that keys sort as their numbers do.
 *
 *   01                                        header of the shard (JSON)
 *   10 account 00 mailbox:u32                 counters of a mailbox
 *   11 account 00 mailbox:u32 block:u32       rows of UIDs [block * 64, block * 64 + 64)
 *   12 account 00 mailbox:u32 modSeq:u48 part:u16   UIDs changed or expunged at that MODSEQ
 *   13 account 00 mailbox:u32                 keywords of a mailbox (reserved)
 *   20 account                                usage of an account
 *   30 body:u48                               where a body lies, and how many rows name it
 *   40 opId                                   the answer to a delivery
 *   50 seq:u48 part:u16                       opIds of one record, for forgetting them in order
 *   60 segment:u32                            bytes and dead bytes of a segment
 */
const TAG = {
  header: 0x01,
  mailbox: 0x10,
  rows: 0x11,
  changes: 0x12,
  usage: 0x20,
  body: 0x30,
  op: 0x40,
  opsOfRecord: 0x50,
  segment: 0x60,
} as const;

export type Key = Uint8Array;

const NAME = /^[\x21-\x7e]{1,64}$/;
const OP_ID = /^[\x21-\x7e]{1,255}$/;

export const MAILBOX_MAX = 0xffff_ffff;

/** Throws Failure `invalid` unless the name can be part of a key: 1 to 64 printable ASCII characters. */
export function checkAccount(account: string): void {
  if (!NAME.test(account)) throw new Failure("invalid", "an account id is 1 to 64 printable ASCII characters");
}

/** Throws Failure `invalid` unless the id can be a key: 1 to 255 printable ASCII characters. */
export function checkOpId(opId: string): void {
  if (!OP_ID.test(opId)) throw new Failure("invalid", "an opId is 1 to 255 printable ASCII characters");
}

/** Throws Failure `invalid` unless the number can name a mailbox: 1 to 2^32-1. */
export function checkMailbox(mailbox: number): void {
  if (!Number.isInteger(mailbox) || mailbox < 1 || mailbox > MAILBOX_MAX) {
    throw new Failure("invalid", "a mailbox is a number from 1 to 4294967295");
  }
}

export const HEADER_KEY: Key = Uint8Array.of(TAG.header);

/** `10 account 00 mailbox`, with `extra` bytes left for what follows. */
function inMailbox(tag: number, account: string, mailbox: number, extra: number): Buffer {
  const key = Buffer.allocUnsafe(6 + account.length + extra);
  key[0] = tag;
  key.write(account, 1, "latin1");
  key[1 + account.length] = 0;
  key.writeUInt32BE(mailbox, 2 + account.length);
  return key;
}

export function mailboxKey(account: string, mailbox: number): Key {
  return inMailbox(TAG.mailbox, account, mailbox, 0);
}

/** Range of the mailboxes of one account. */
export function mailboxesOf(account: string): { start: Key; end: Key } {
  const start = Buffer.from(`\x10${account}\x00`, "latin1");
  return { start, end: Buffer.from(`\x10${account}\x01`, "latin1") };
}

/** Range of all mailboxes; `after` is the last key already seen. */
export function allMailboxes(after: Key | null): { start: Key; end: Key } {
  return { start: after ?? Uint8Array.of(TAG.mailbox), end: Uint8Array.of(TAG.mailbox + 1) };
}

/** The account and number in a mailbox key. */
export function readMailboxKey(key: Key): { account: string; mailbox: number } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  return { account: bytes.toString("latin1", 1, key.length - 5), mailbox: bytes.readUInt32BE(key.length - 4) };
}

export function rowsKey(account: string, mailbox: number, block: number): Key {
  const key = inMailbox(TAG.rows, account, mailbox, 4);
  key.writeUInt32BE(block, 6 + account.length);
  return key;
}

/** Range of the blocks from `block` on. */
export function rowsFrom(account: string, mailbox: number, block: number): { start: Key; end: Key } {
  return { start: rowsKey(account, mailbox, block), end: rowsEnd(account, mailbox) };
}

/** Just above the last possible block. */
export function rowsEnd(account: string, mailbox: number): Key {
  const key = inMailbox(TAG.rows, account, mailbox, 5);
  key.fill(0xff, 6 + account.length);
  return key;
}

export function readRowsBlock(key: Key): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUInt32BE(key.length - 4);
}

export function changeKey(account: string, mailbox: number, modSeq: number, part: number): Key {
  const key = inMailbox(TAG.changes, account, mailbox, 8);
  key.writeUIntBE(modSeq, 6 + account.length, 6);
  key.writeUInt16BE(part, 12 + account.length);
  return key;
}

/** Range of the changes with a MODSEQ above `since`. */
export function changesAfter(account: string, mailbox: number, since: number): { start: Key; end: Key } {
  const end = inMailbox(TAG.changes, account, mailbox, 9);
  end.fill(0xff, 6 + account.length);
  return { start: changeKey(account, mailbox, since + 1, 0), end };
}

export function readChangeModSeq(key: Key): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(key.length - 8, 6);
}

export function usageKey(account: string): Key {
  const key = Buffer.allocUnsafe(1 + account.length);
  key[0] = TAG.usage;
  key.write(account, 1, "latin1");
  return key;
}

/** Range of all usage rows above `after`. */
export function allUsages(after: Key | null): { start: Key; end: Key } {
  return { start: after ?? Uint8Array.of(TAG.usage), end: Uint8Array.of(TAG.usage + 1) };
}

export function readUsageAccount(key: Key): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1", 1);
}

export function bodyKey(body: number): Key {
  const key = Buffer.allocUnsafe(7);
  key[0] = TAG.body;
  key.writeUIntBE(body, 1, 6);
  return key;
}

export function opKey(opId: string): Key {
  const key = Buffer.allocUnsafe(1 + opId.length);
  key[0] = TAG.op;
  key.write(opId, 1, "latin1");
  return key;
}

export function opsOfRecordKey(seq: number, part: number): Key {
  const key = Buffer.allocUnsafe(9);
  key[0] = TAG.opsOfRecord;
  key.writeUIntBE(seq, 1, 6);
  key.writeUInt16BE(part, 7);
  return key;
}

/** Range of the opId lists, oldest first. */
export function allOpsOfRecords(): { start: Key; end: Key } {
  return { start: Uint8Array.of(TAG.opsOfRecord), end: Uint8Array.of(TAG.opsOfRecord + 1) };
}

export function segmentKey(segment: number): Key {
  const key = Buffer.allocUnsafe(5);
  key[0] = TAG.segment;
  key.writeUInt32BE(segment, 1);
  return key;
}

export function allSegments(): { start: Key; end: Key } {
  return { start: Uint8Array.of(TAG.segment), end: Uint8Array.of(TAG.segment + 1) };
}

export function readSegmentKey(key: Key): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUInt32BE(1);
}
