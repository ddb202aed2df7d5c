import { Failure, utf8 } from "../../base/mod.ts";
import type { Key, KeyRange } from "../layout/keys.ts";
import { getU48, putU48 } from "../layout/pack.ts";

/*
 * Keys of the queue's index. The header (01), where bodies lie (30, by message), opIds (40, 50) and segments (60) are keyed
 * as in a shard, see ../keys.ts. Numbers are big-endian, so that keys sort as their numbers do.
 *
 *   70 item:u48                        an item
 *   71 block:u48                       schedule of the items [block * 64, block * 64 + 64)
 *   72 destination 00 item:u48         items of a destination
 *   73 mail id 00 message:u48          mails of an id
 *   74 message:u48                     a mail: its envelope, and which items it began with
 *   75 destination                     a destination that is left alone
 */
const TAG = { item: 0x70, schedule: 0x71, destination: 0x72, mailId: 0x73, message: 0x74, suspension: 0x75 } as const;

export const NUMBER_MAX = 2 ** 48 - 1;
const NAME_BYTES_MAX = 255;

/** The octets of a name that is part of a key. Throws Failure `invalid` unless it has 1 to 255 and no control characters. */
export function checkName(what: string, name: string): Uint8Array {
  const bytes = utf8(name);
  if (bytes.length < 1 || bytes.length > NAME_BYTES_MAX || bytes.some((byte) => byte < 0x20 || byte === 0x7f)) {
    throw new Failure("invalid", `a ${what} is 1 to ${NAME_BYTES_MAX} octets without control characters`);
  }
  return bytes;
}

/** Whether `number` can be that of an item or a message. */
export function isNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= NUMBER_MAX;
}

export function itemKey(item: number): Key {
  return numbered(TAG.item, item);
}

/** Items with first <= item < end. */
export function itemsBetween(first: number, end: number): KeyRange {
  return { start: itemKey(first), end: itemKey(end) };
}

export function scheduleKey(block: number): Key {
  return numbered(TAG.schedule, block);
}

/** The schedule from a block on. */
export function scheduleFrom(block: number): KeyRange {
  return { start: scheduleKey(block), end: Uint8Array.of(TAG.schedule + 1) };
}

export function destinationKey(destination: string, item: number): Key {
  return named(TAG.destination, utf8(destination), item);
}

/** Rows that lead to an item or a mail by name, behind the one that was looked at last. */
export function leadsAfter(last: Key | null): KeyRange {
  const end = Uint8Array.of(TAG.message);
  if (last === null) return { start: Uint8Array.of(TAG.destination), end };
  const start = new Uint8Array(last.length + 1);
  start.set(last);
  return { start, end };
}

/** Whether such a row leads to an item; otherwise to a mail. */
export function leadsToItem(key: Key): boolean {
  return key[0] === TAG.destination;
}

/** Items of a destination from a number on. */
export function destinationFrom(destination: string, item: number): KeyRange {
  return { start: destinationKey(destination, item), end: behind(TAG.destination, utf8(destination)) };
}

export function mailIdKey(id: string, message: number): Key {
  return named(TAG.mailId, utf8(id), message);
}

export function mailsOfId(id: string): KeyRange {
  return { start: mailIdKey(id, 0), end: behind(TAG.mailId, utf8(id)) };
}

export function messageKey(message: number): Key {
  return numbered(TAG.message, message);
}

/** Messages from a number on. */
export function messagesFrom(message: number): KeyRange {
  return { start: messageKey(message), end: Uint8Array.of(TAG.message + 1) };
}

export function suspensionKey(destination: string): Key {
  const name = utf8(destination);
  const key = new Uint8Array(1 + name.length);
  key[0] = TAG.suspension;
  key.set(name, 1);
  return key;
}

export function allSuspensions(): KeyRange {
  return { start: Uint8Array.of(TAG.suspension), end: Uint8Array.of(TAG.suspension + 1) };
}

/** The number a key of this file ends with. */
export function readNumber(key: Key): number {
  return getU48(key, key.length - 6);
}

function numbered(tag: number, number: number): Key {
  const key = new Uint8Array(7);
  key[0] = tag;
  putU48(key, 1, number);
  return key;
}

function named(tag: number, name: Uint8Array, number: number): Key {
  const key = new Uint8Array(8 + name.length);
  key[0] = tag;
  key.set(name, 1);
  putU48(key, 2 + name.length, number);
  return key;
}

/** The first key behind all that begin with `tag name 00`. */
function behind(tag: number, name: Uint8Array): Key {
  const key = new Uint8Array(2 + name.length);
  key[0] = tag;
  key.set(name, 1);
  key[1 + name.length] = 1;
  return key;
}
