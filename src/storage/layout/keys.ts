import { decodeUtf8, Failure, utf8 } from "../../base/mod.ts";
import { getAscii, getU24, getU32, getU48, putAscii, putU24, putU32, putU48 } from "./pack.ts";

/*
 * Every key of a shard's index. Numbers are big-endian, so that keys sort as their numbers do.
 *
 *   01                                              header of the shard (JSON)
 *   10 account 00 mailbox:u32 block:u32             rows of UIDs [block * 64, block * 64 + 64)
 *   10 account 00 mailbox:u32 ffffffff              counters of a mailbox
 *   10 account 00 00000001 ffffffff 00              usage of an account
 *   11 account 00 mailbox:u32 chunk:u32             rows in each of the blocks [chunk * 1024, chunk * 1024 + 1024)
 *   12 account 00 mailbox:u32 modSeq:u48 part:u16   UIDs changed or expunged at that MODSEQ
 *   13 account 00 mailbox:u32 01 id:u8              a keyword, and how many sets hold it
 *   13 account 00 mailbox:u32 02 set:u24            ids of a set of keywords, and how many messages have it
 *   13 account 00 mailbox:u32 03 ids:u8...          the number of that set
 *   14 account 00                                   what is next in the tree of an account that was changed
 *   14 account 00 name                              a name of the tree: its mailbox, its use, its subscription
 *   15 account 00 mailbox:u32 kind:u8 name 00 part:u8   a piece of an annotation
 *   15 account 00 mailbox:u32 03 uid:hex8 p|s entry 00 part:u8   a piece of an annotation of a message
 *   15 account 00 00000000 00 00 00                 bytes of all annotations and rights of the account
 *   16 account 00 mailbox:u32                       a mailbox that was removed, while rows of it are left
 *   17 account 00 mailbox:u32 kind:u8 name 00 part:u8   rights of an identifier: apart, as who shares is looked for
 *   18 account 00 mailbox:u32 block:u32 column:u8   what the MIME indexes of the messages of that block say, in one respect
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
  blockCounts: 0x11,
  changes: 0x12,
  keywords: 0x13,
  tree: 0x14,
  settings: 0x15,
  removed: 0x16,
  acl: 0x17,
  columns: 0x18,
  body: 0x30,
  op: 0x40,
  opsOfRecord: 0x50,
  segment: 0x60,
} as const;

/** First octet of the keys of names. */
export const NAMES_TABLE: number = TAG.tree;
/** First octet of the keys of all that keywords are kept in. */
export const KEYWORDS_TABLE: number = TAG.keywords;

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

/** The key of another block, in the place of one of the same mailbox. */
export function nextRowsKey(key: Key, block: number): Key {
  putU32(key, key.length - 4, block);
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
  const all = within === undefined
    ? { start: Uint8Array.of(TAG.mail), end: Uint8Array.of(TAG.mail + 1) }
    : mailOf(within);
  if (last === null) return all;
  // 06 bytes of what comes behind the counters and the usage of that mailbox.
  const start = inMailbox(TAG.mail, last.account, last.mailbox, 6);
  start.fill(0xff, 6 + last.account.length);
  return { start, end: all.end };
}

/** Rows, counters and usage of an account. */
export function mailOf(account: string): KeyRange {
  return { start: ofAccount(TAG.mail, account, 0), end: ofAccount(TAG.mail, account, 1) };
}

/** The ranges of an account beside its mail, which go when it is purged; first its tree. */
export function besidesMailOf(account: string): KeyRange[] {
  const tags = [TAG.tree, TAG.blockCounts, TAG.changes, TAG.keywords, TAG.settings, TAG.acl, TAG.columns, TAG.removed];
  return tags.map((tag) => ({ start: ofAccount(tag, account, 0), end: ofAccount(tag, account, 1) }));
}

/** The ranges of a mailbox without its counters, which go when it is removed. */
export function rangesOfMailbox(account: string, mailbox: number): KeyRange[] {
  const beside = [TAG.blockCounts, TAG.changes, TAG.keywords, TAG.settings, TAG.acl, TAG.columns].map((tag) =>
    within(tag, account, mailbox)
  );
  return [rowsFrom(account, mailbox, 0), ...beside];
}

/** All keys `tag account 00 mailbox ...`: none goes on with nine octets ff. */
function within(tag: number, account: string, mailbox: number): KeyRange {
  const end = inMailbox(tag, account, mailbox, 9);
  end.fill(0xff, 6 + account.length);
  return { start: inMailbox(tag, account, mailbox, 0), end };
}

function ofAccount(tag: number, account: string, last: 0 | 1): Key {
  const key = new Uint8Array(2 + account.length);
  key[0] = tag;
  putAscii(key, 1, account);
  key[1 + account.length] = last;
  return key;
}

export function removedKey(account: string, mailbox: number): Key {
  return inMailbox(TAG.removed, account, mailbox, 0);
}

/** Mailboxes of all accounts that were removed and have rows left. */
export function allRemoved(): KeyRange {
  return { start: Uint8Array.of(TAG.removed), end: Uint8Array.of(TAG.removed + 1) };
}

export function blockCountsKey(account: string, mailbox: number, chunk: number): Key {
  const key = inMailbox(TAG.blockCounts, account, mailbox, 4);
  putU32(key, 6 + account.length, chunk);
  return key;
}

export function allBlockCounts(account: string, mailbox: number): KeyRange {
  return within(TAG.blockCounts, account, mailbox);
}

export function readBlockCountsChunk(key: Key): number {
  return getU32(key, key.length - 4);
}

export function columnKey(account: string, mailbox: number, block: number, column: number): Key {
  const key = inMailbox(TAG.columns, account, mailbox, 5);
  putU32(key, 6 + account.length, block);
  key[10 + account.length] = column;
  return key;
}

/** All columns of a block. */
export function columnsOfBlock(account: string, mailbox: number, block: number): KeyRange {
  return { start: columnKey(account, mailbox, block, 0), end: columnKey(account, mailbox, block, 0xff) };
}

const KEYWORD = { name: 1, set: 2, ids: 3 } as const;

export function keywordKey(account: string, mailbox: number, id: number): Key {
  const key = inMailbox(TAG.keywords, account, mailbox, 2);
  key[key.length - 2] = KEYWORD.name;
  key[key.length - 1] = id;
  return key;
}

/** The keywords of a mailbox by rising id. */
export function allKeywords(account: string, mailbox: number): KeyRange {
  const end = inMailbox(TAG.keywords, account, mailbox, 1);
  end[end.length - 1] = KEYWORD.set;
  return { start: keywordKey(account, mailbox, 0), end };
}

export function readKeywordId(key: Key): number {
  return key[key.length - 1]!;
}

export function keywordSetKey(account: string, mailbox: number, set: number): Key {
  const key = inMailbox(TAG.keywords, account, mailbox, 4);
  key[key.length - 4] = KEYWORD.set;
  putU24(key, key.length - 3, set);
  return key;
}

/** The sets of keywords of a mailbox by rising number. */
export function allKeywordSets(account: string, mailbox: number): KeyRange {
  const end = inMailbox(TAG.keywords, account, mailbox, 1);
  end[end.length - 1] = KEYWORD.ids;
  return { start: keywordSetKey(account, mailbox, 0), end };
}

export function readKeywordSet(key: Key): number {
  return getU24(key, key.length - 3);
}

export function keywordIdsKey(account: string, mailbox: number, ids: Uint8Array): Key {
  const key = inMailbox(TAG.keywords, account, mailbox, 1 + ids.length);
  key[key.length - 1 - ids.length] = KEYWORD.ids;
  key.set(ids, key.length - ids.length);
  return key;
}

/** A name of the tree; the empty name stands for the tree as a whole. */
export function treeKey(account: string, name: string): Key {
  const octets = utf8(name);
  const key = new Uint8Array(2 + account.length + octets.length);
  key[0] = TAG.tree;
  putAscii(key, 1, account);
  key.set(octets, 2 + account.length);
  return key;
}

/** All names of an account. */
export function treeNames(account: string): KeyRange {
  return { start: treeKey(account, "\u0001"), end: ofAccount(TAG.tree, account, 1) };
}

/** The names below a name ("0" is behind "/"). */
export function treeBelow(account: string, name: string): KeyRange {
  return { start: treeKey(account, `${name}/`), end: treeKey(account, `${name}0`) };
}

export function readTreeName(key: Key): string {
  return decodeUtf8(key.subarray(key.indexOf(0, 1) + 1)) ?? "";
}

/** The kind of setting that has a table of its own. */
const ACL_KIND = 2;

function settingTag(kind: number): number {
  return kind === ACL_KIND ? TAG.acl : TAG.settings;
}

/** Rights of all accounts, behind the mailbox that was looked at last. */
export function aclAfter(last: { account: string; mailbox: number } | null): KeyRange {
  const end = Uint8Array.of(TAG.acl + 1);
  if (last === null) return { start: Uint8Array.of(TAG.acl), end };
  return { start: within(TAG.acl, last.account, last.mailbox).end, end };
}

export function settingKey(account: string, mailbox: number, kind: number, name: string, part: number): Key {
  const octets = utf8(name);
  const key = inMailbox(settingTag(kind), account, mailbox, 3 + octets.length);
  const at = 6 + account.length;
  key[at] = kind;
  key.set(octets, at + 1);
  key[key.length - 1] = part;
  return key;
}

/** How many bytes all settings of an account have. */
export function settingsTotalKey(account: string): Key {
  return settingKey(account, 0, 0, "", 0);
}

/** All pieces of the settings of one kind. */
export function allSettings(account: string, mailbox: number, kind: number): KeyRange {
  const start = inMailbox(settingTag(kind), account, mailbox, 1);
  start[start.length - 1] = kind;
  const end = start.slice();
  end[end.length - 1] = kind + 1;
  return { start, end };
}

/** All pieces of one setting. */
export function piecesOfSetting(account: string, mailbox: number, kind: number, name: string): KeyRange {
  const start = settingKey(account, mailbox, kind, name, 0);
  const end = start.slice();
  end[end.length - 2] = 1;
  return { start, end };
}

/** The kind of setting that annotations of messages are: their names begin with a UID of eight hexadecimal digits. */
const ANNOTATION_KIND = 4;

/** All pieces of the annotations of the messages between two UIDs, those among them. */
export function annotationsBetween(account: string, mailbox: number, first: number, last: number): KeyRange {
  const at = (uid: number, behind: number) => {
    const key = inMailbox(TAG.settings, account, mailbox, 10);
    key[6 + account.length] = ANNOTATION_KIND;
    putAscii(key, 7 + account.length, uid.toString(16).padStart(8, "0"));
    key[15 + account.length] = behind;
    return key;
  };
  return { start: at(first, 0), end: at(last, 0xff) };
}

export function readAnnotationUid(key: Key): number {
  const at = key.indexOf(0, 1) + 6;
  return parseInt(getAscii(key, at, at + 8), 16);
}

export function readSettingName(key: Key): string {
  // Behind the account's zero: mailbox and kind; before the end: zero and part.
  return decodeUtf8(key.subarray(key.indexOf(0, 1) + 6, key.length - 2)) ?? "";
}

/** The account and mailbox a key of rows, counters or usage belongs to, or that of a mailbox that was removed. */
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

/** Makes the key of a body that of another one: who looks for many makes one key. */
export function nextBodyKey(key: Key, body: number): Key {
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
