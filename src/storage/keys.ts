import { Failure } from "../base/mod.ts";
import { getAscii, getU32, getU48, putAscii, putU32, putU48 } from "./pack.ts";

/*
 * Every key of a shard's index. Numbers are big-endian, so that keys sort as their numbers do.
 *
 *   01                                              header of the shard (JSON)
 *   10 account 00 mailbox:u32 block:u32             rows of UIDs [block * 64, block * 64 + 64)
 *   10 account 00 mailbox:u32 ffffffff              counters of a mailbox
 *   10 account 00 00000001 ffffffff 00              usage of an account
 *   12 account 00 mailbox:u32 modSeq:u48 part:u16   UIDs changed or expunged at that MODSEQ
 *   13 account 00 mailbox:u32                       keywords of a mailbox (reserved)
 *   30 body:u48                                     where a body lies, and how many rows name it
 *   40 opId                                         the answer to a delivery
 *   50 seq:u48 part:u16                             opIds of one record, for forgetting them in order
 *   60 segment:u32                                  bytes and dead bytes of a segment
 *
 * The newest rows of an INBOX, its counters and the usage of its account are neighbours: a delivery changes one page.
 */
const TAG = {
  header: 0x01,
  mail: 0x10,
  changes: 0x12,
  body: 0x30,
  op: 0x40,
  opsOfRecord: 0x50,
  segment: 0x60,
} as const;

export type Key = Uint8Array;

/** Entries with start <= key < end. */
export interface KeyRange {
  readonly start: Key;
  readonly end: Key;
}

const NAME = /^[\x21-\x7e]{1,64}$/;
const OP_ID = /^[\x21-\x7e]{1,255}$/;

export const MAILBOX_MAX = 0xffff_ffff;
const INBOX = 1;
/** Stands where a block number would; the highest block of a mailbox is 2^26 - 1. */
const COUNTERS = 0xffff_ffff;

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

/** `tag account 00 mailbox`, with `extra` zero bytes for what follows. */
function inMailbox(tag: number, account: string, mailbox: number, extra: number): Key {
  const key = new Uint8Array(6 + account.length + extra);
  key[0] = tag;
  putAscii(key, 1, account);
  putU32(key, 2 + account.length, mailbox);
  return key;
}

export function rowsKey(account: string, mailbox: number, block: number): Key {
  const key = inMailbox(TAG.mail, account, mailbox, 4);
  putU32(key, 6 + account.length, block);
  return key;
}

export function mailboxKey(account: string, mailbox: number): Key {
  return rowsKey(account, mailbox, COUNTERS);
}

export function usageKey(account: string): Key {
  const key = inMailbox(TAG.mail, account, INBOX, 5);
  putU32(key, 6 + account.length, COUNTERS);
  return key;
}

/** The blocks of a mailbox from `block` on. */
export function rowsFrom(account: string, mailbox: number, block: number): KeyRange {
  return { start: rowsKey(account, mailbox, block), end: mailboxKey(account, mailbox) };
}

export function readRowsBlock(key: Key): number {
  return getU32(key, key.length - 4);
}

/** Everything of one account's mail, or of all accounts, behind the mailbox that was looked at last. */
export function mailAfter(last: { account: string; mailbox: number } | null, within?: string): KeyRange {
  const end = within === undefined ? Uint8Array.of(TAG.mail + 1) : ofAccount(within, 1);
  if (last === null) return { start: within === undefined ? Uint8Array.of(TAG.mail) : ofAccount(within, 0), end };
  // 06 bytes of what comes behind the counters and the usage of that mailbox.
  const start = inMailbox(TAG.mail, last.account, last.mailbox, 6);
  start.fill(0xff, 6 + last.account.length);
  return { start, end };
}

function ofAccount(account: string, last: 0 | 1): Key {
  const key = new Uint8Array(2 + account.length);
  key[0] = TAG.mail;
  putAscii(key, 1, account);
  key[1 + account.length] = last;
  return key;
}

/** The account and mailbox a key of rows, counters or usage belongs to. */
export function readMailKey(key: Key): { account: string; mailbox: number } {
  const zero = key.indexOf(0, 1);
  return { account: getAscii(key, 1, zero), mailbox: getU32(key, zero + 1) };
}

export function changeKey(account: string, mailbox: number, modSeq: number, part: number): Key {
  const key = inMailbox(TAG.changes, account, mailbox, 8);
  putU48(key, 6 + account.length, modSeq);
  key[12 + account.length] = part >>> 8;
  key[13 + account.length] = part;
  return key;
}

/** The changes with a MODSEQ above `since`. */
export function changesAfter(account: string, mailbox: number, since: number): KeyRange {
  const end = inMailbox(TAG.changes, account, mailbox, 9);
  end.fill(0xff, 6 + account.length);
  return { start: changeKey(account, mailbox, since + 1, 0), end };
}

export function readChangeModSeq(key: Key): number {
  return getU48(key, key.length - 8);
}

export function bodyKey(body: number): Key {
  const key = new Uint8Array(7);
  key[0] = TAG.body;
  putU48(key, 1, body);
  return key;
}

export function opKey(opId: string): Key {
  const key = new Uint8Array(1 + opId.length);
  key[0] = TAG.op;
  putAscii(key, 1, opId);
  return key;
}

export function opsOfRecordKey(seq: number, part: number): Key {
  const key = new Uint8Array(9);
  key[0] = TAG.opsOfRecord;
  putU48(key, 1, seq);
  key[7] = part >>> 8;
  key[8] = part;
  return key;
}

/** The opId lists, oldest first. */
export function allOpsOfRecords(): KeyRange {
  return { start: Uint8Array.of(TAG.opsOfRecord), end: Uint8Array.of(TAG.opsOfRecord + 1) };
}

export function segmentKey(segment: number): Key {
  const key = new Uint8Array(5);
  key[0] = TAG.segment;
  putU32(key, 1, segment);
  return key;
}

export function allSegments(): KeyRange {
  return { start: Uint8Array.of(TAG.segment), end: Uint8Array.of(TAG.segment + 1) };
}

export function readSegmentKey(key: Key): number {
  return getU32(key, 1);
}
