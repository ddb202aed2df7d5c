import { Failure } from "../../base/mod.ts";
import type { Ranges } from "../../mail/ranges.ts";
import { getAscii, getU32, getU48, putAscii, putU32, putU48 } from "./pack.ts";

/** Where a body lies and how many rows name it. */
export interface BodyPlace {
  segment: number;
  offset: number;
  length: number;
  /** CRC-32C of the bytes. */
  crc: number;
  refs: number;
  /** Bytes of the MIME index behind it; 0 when there is none. */
  indexBytes: number;
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
  /** What becomes of the counts of blocks: schema 1 kept none. */
  form: "uncounted" | "counted" | "removed";
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
export function damaged(what: string): Failure {
  return new Failure("corrupt", `a ${what} row of the index is damaged`);
}

/** By the first octet of a mailbox's row. "uncounted" is what schema 1 wrote. */
const FORMS = [null, "uncounted", "counted", "removed"] as const;

export function encodeMailbox(counters: MailboxCounters): Uint8Array {
  const bytes = new Uint8Array(45);
  bytes[0] = FORMS.indexOf(counters.form);
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
  const form = FORMS[bytes[0] ?? 0] ?? null;
  if (bytes.length !== 45 || form === null) throw damaged("mailbox");
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
    form,
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
  const bytes = new Uint8Array(place.indexBytes === 0 ? 20 : 24);
  putU32(bytes, 0, place.segment);
  putU32(bytes, 4, place.offset);
  putU32(bytes, 8, place.length);
  putU32(bytes, 12, place.crc);
  putU32(bytes, 16, place.refs);
  if (place.indexBytes > 0) putU32(bytes, 20, place.indexBytes);
  return bytes;
}

export function decodeBody(bytes: Uint8Array): BodyPlace {
  if (bytes.length !== 20 && bytes.length !== 24) throw damaged("body");
  return {
    segment: getU32(bytes, 0),
    offset: getU32(bytes, 4),
    length: getU32(bytes, 8),
    crc: getU32(bytes, 12),
    refs: getU32(bytes, 16),
    indexBytes: bytes.length === 24 ? getU32(bytes, 20) : 0,
  };
}

/** Where one copy of a content went. */
export interface OpTarget {
  readonly account: string;
  readonly mailbox: number;
  readonly uid: number;
  /** Epoch of the UID: after a purge the same number may name another message. */
  readonly uidValidity: number;
}

/** A delivery or an append that was answered, or one that was taken back (`targets` null). */
export interface OpAnswer {
  readonly targets: readonly OpTarget[] | null;
}

/** By the first octet of an answer. A run is one mailbox and as many UIDs in a row. */
const ANSWER = { common: 1, withdrawn: 2, each: 3, run: 4 } as const;

export function encodeOp(answer: OpAnswer): Uint8Array {
  const { targets } = answer;
  const first = targets?.[0];
  if (targets === null || first === undefined) return Uint8Array.of(ANSWER.withdrawn, 0, 0, 0, 0);
  if (targets.length > 1 && isRun(targets)) return encodeRun(first, targets.length);
  const common = targets.every(({ mailbox }) => mailbox === first.mailbox);
  const own = common ? 0 : 4;
  let length = 5;
  for (const { account } of targets) length += 9 + own + account.length;
  const bytes = new Uint8Array(length);
  bytes[0] = common ? ANSWER.common : ANSWER.each;
  putU32(bytes, 1, first.mailbox);
  let at = 5;
  for (const { account, mailbox, uid, uidValidity } of targets) {
    bytes[at] = account.length;
    putAscii(bytes, at + 1, account);
    putU32(bytes, at + 1 + account.length, uid);
    putU32(bytes, at + 5 + account.length, uidValidity);
    at += 9 + account.length;
    if (!common) putU32(bytes, at, mailbox);
    at += own;
  }
  return bytes;
}

function isRun(targets: readonly OpTarget[]): boolean {
  const first = targets[0]!;
  return targets.every(({ account, mailbox, uid, uidValidity }, i) =>
    account === first.account && mailbox === first.mailbox && uidValidity === first.uidValidity && uid === first.uid + i
  );
}

function encodeRun({ account, mailbox, uid, uidValidity }: OpTarget, count: number): Uint8Array {
  const bytes = new Uint8Array(17 + account.length);
  bytes[0] = ANSWER.run;
  putU32(bytes, 1, mailbox);
  putU32(bytes, 5, uid);
  putU32(bytes, 9, uidValidity);
  putU32(bytes, 13, count);
  putAscii(bytes, 17, account);
  return bytes;
}

export function decodeOp(bytes: Uint8Array): OpAnswer {
  const form = bytes[0];
  const common = getU32(bytes, 1);
  if (form === ANSWER.withdrawn) return { targets: null };
  if (form === ANSWER.run) {
    const [uid, uidValidity, count] = [getU32(bytes, 5), getU32(bytes, 9), getU32(bytes, 13)];
    const account = getAscii(bytes, 17, bytes.length);
    return {
      targets: Array.from({ length: count }, (_, i) => ({ account, mailbox: common, uid: uid + i, uidValidity })),
    };
  }
  if (form !== ANSWER.common && form !== ANSWER.each) throw damaged("answer");
  const targets = [];
  for (let at = 5; at < bytes.length;) {
    const end = at + 1 + bytes[at]!;
    targets.push({
      account: getAscii(bytes, at + 1, end),
      mailbox: form === ANSWER.each ? getU32(bytes, end + 8) : common,
      uid: getU32(bytes, end),
      uidValidity: getU32(bytes, end + 4),
    });
    at = end + (form === ANSWER.each ? 12 : 8);
  }
  return { targets };
}

/** Ranges of UIDs in one part of a change row. */
const RANGES_MAX = 240;

/** UIDs as parts of at most 240 ranges: kind (1 flags, 2 expunged), then first and last of each range. */
export function encodeChange(kind: 1 | 2, uids: Ranges): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let from = 0; from < uids.length; from += 2 * RANGES_MAX) {
    const some = uids.slice(from, from + 2 * RANGES_MAX);
    const bytes = new Uint8Array(1 + 4 * some.length);
    bytes[0] = kind;
    some.forEach((uid, i) => putU32(bytes, 1 + 4 * i, uid));
    parts.push(bytes);
  }
  return parts;
}

export function decodeChange(bytes: Uint8Array): { kind: "flags" | "expunged"; uids: Ranges } {
  const uids: number[] = [];
  for (let at = 1; at < bytes.length; at += 4) uids.push(getU32(bytes, at));
  return { kind: bytes[0] === 2 ? "expunged" : "flags", uids: uids as readonly number[] as Ranges };
}
