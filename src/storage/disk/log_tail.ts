import { Buffer } from "node:buffer";
import { crc32c } from "@node-rs/crc32";
import { Failure } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";
import { getU32 } from "../layout/pack.ts";
import {
  type Appended,
  type BodyRecord,
  checksum,
  type PlacedRecord,
  readRecordHeader,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  recordBytes,
  type RecordHead,
  type SegmentPosition,
  type Segments,
} from "./segments.ts";

/*
 * The open segment of a store is its log: what was made durable together is a group, the records of its bodies and then its own,
 * which makes them count. The index has what was before a position; what lies behind it is read when the store is opened.
 */

/** The number that the record of a group has in place of a body's: bodies are numbered from 1. */
export const GROUP_BODY = 0;

/** What every group says of itself. */
export interface LogGroup {
  /** Random, of this store alone: nothing in a body can pass for a group. */
  readonly stamp: string;
  /** Rises by one from group to group. */
  readonly seq: number;
  /** Offset in the segment where its first record begins. */
  readonly start: number;
  /** The last group that had been flushed when this one was written; absent: the one before it. */
  readonly flushed?: number;
}

/** A body that a group names. */
export interface GroupBody {
  readonly body: number;
  readonly size: number;
  readonly crc: number;
  readonly indexBytes: number;
}

/** What the groups of a store look like. */
export interface LogForm<G extends LogGroup> {
  /** The store, for messages: "queue". */
  readonly store: string;
  /** Throws Failure when the bytes are none. */
  decode(bytes: Uint8Array): G;
  /** The bodies whose records come before that of the group, in order. */
  bodiesOf(group: G): readonly GroupBody[];
}

/** A group that was read, and where its bodies lie, in their order. */
export interface ReadGroup<G> {
  readonly group: G;
  readonly places: readonly PlacedRecord[];
  /** Bodies whose checksum is wrong, or that of what is beside them. */
  readonly damaged: number;
  /** Bytes of its own record. */
  readonly bytes: number;
}

export interface LogTail<G> {
  readonly groups: readonly ReadGroup<G>[];
  /** Behind the last group. */
  readonly end: SegmentPosition;
}

/** What the next group must say to belong there. */
export interface Expected {
  readonly stamp: string;
  /** The last group before. */
  readonly seq: number;
}

/** The record of a group. */
export function groupRecord(bytes: Uint8Array): BodyRecord {
  return { body: GROUP_BODY, parts: [bytes], size: bytes.length, crc: checksum([bytes]) };
}

/** What takes a group. */
export interface LogFiles {
  readonly segments: Segments;
  /** Throws Failure `refused` when another owner has claimed the store. */
  checkOwner(): void;
}

/**
 * Appends the records of a group, flushed, unless another owner has claimed the store: that one reads the log after it has
 * changed the header, so what it did not see is not acknowledged here. Where nothing was written for want of space, nothing is
 * left behind that could be read again after a crash.
 */
export function appendGroup(
  files: LogFiles,
  records: readonly BodyRecord[],
  seq: number,
  options: { readonly flushed?: boolean } = {},
): Appended {
  const { segments } = files;
  try {
    const appended = segments.append(records, seq, options);
    files.checkOwner();
    return appended;
  } catch (error) {
    if (diskFailure(error)?.kind !== "disk_full") throw error;
    // Another owner may have read the group, and goes on with it.
    files.checkOwner();
    try {
      segments.cut();
    } catch (cause) {
      throw diskFailure(cause)?.kind === "disk_full" ? new Failure("disk", "a group is in doubt", { cause }) : cause;
    }
    throw error;
  }
}

const MAGIC = Buffer.of(RECORD_MAGIC >>> 24, RECORD_MAGIC >>> 16 & 255, RECORD_MAGIC >>> 8 & 255, RECORD_MAGIC & 255);

interface Found<G> extends ReadGroup<G> {
  readonly next: number;
  readonly tail: number;
}

/**
 * Reads the log from a committed position on: `bytes` is the rest of the segment. It ends at the first group that is not
 * whole: its flush never returned, so nobody was told that it is durable. When whole groups lie behind that one it did
 * return, and what was acknowledged is damaged: that is Failure `corrupt`, never an end; unless they say that it had not been
 * flushed when they were written, and so were not flushed themselves. A group that is whole but for the
 * bytes of a body, with others behind it, is kept: that body alone is then corrupt.
 */
export function readTail<G extends LogGroup>(
  bytes: Uint8Array,
  position: SegmentPosition,
  { stamp, seq }: Expected,
  form: LogForm<G>,
): LogTail<G> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const groups: Found<G>[] = [];
  for (let from = 0;;) {
    const read = readGroup(buffer, from, position, form);
    if (read === null || read.group.stamp !== stamp || read.group.seq !== seq + groups.length + 1) break;
    groups.push(read);
    from = read.next;
  }
  if ((groups.at(-1)?.damaged ?? 0) > 0) groups.pop();
  const last = groups.at(-1);
  const end = last === undefined
    ? position
    : { segment: position.segment, offset: position.offset + last.next, tail: last.tail };
  const lost = later(buffer, end.offset - position.offset, { stamp, seq: seq + groups.length + 1 }, form);
  if (lost !== null) {
    throw new Failure(
      "corrupt",
      `the log of the ${form.store} is damaged between ${end.offset} and ${position.offset + lost} of segment ` +
        `${end.segment}, with acknowledged mail behind: restore the directory of the ${form.store}, or cut the segment ` +
        "off there to go on without",
    );
  }
  return { groups, end };
}

/** The group whose first record begins at `from`; null when none is whole there. */
function readGroup<G extends LogGroup>(
  buffer: Buffer,
  from: number,
  position: SegmentPosition,
  form: LogForm<G>,
): Found<G> | null {
  const bodies: { readonly head: RecordHead; readonly at: number }[] = [];
  for (let at = from;;) {
    const head = headAt(buffer, at);
    if (head === null) return null;
    const bytes = recordBytes(head);
    if (head.body !== GROUP_BODY) {
      bodies.push({ head, at });
      at += bytes;
      continue;
    }
    const group = groupAt(buffer, at, head, form);
    if (group === null || group.start !== position.offset + from) return null;
    if (!fits(form.bodiesOf(group), bodies.map((body) => body.head))) return null;
    const damaged = bodies.filter((body) => !sound(buffer, body.at, body.head)).length;
    const places = bodies.map((body) => ({
      segment: position.segment,
      offset: position.offset + body.at,
      indexBytes: body.head.indexBytes,
    }));
    return { group, places, damaged, bytes, next: at + bytes, tail: position.offset + at };
  }
}

/** The header at `at`, when its record ends within the buffer. */
function headAt(buffer: Buffer, at: number): RecordHead | null {
  if (at + RECORD_HEADER_BYTES > buffer.length) return null;
  const head = readRecordHeader(buffer.subarray(at, at + RECORD_HEADER_BYTES));
  return head !== null && at + recordBytes(head) <= buffer.length ? head : null;
}

function groupAt<G>(buffer: Buffer, at: number, head: RecordHead, form: LogForm<G & LogGroup>): G | null {
  if (!sound(buffer, at, head)) return null;
  const from = at + RECORD_HEADER_BYTES;
  try {
    return form.decode(buffer.subarray(from, from + head.length));
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function sound(buffer: Buffer, at: number, { length, crc, indexBytes }: RecordHead): boolean {
  const from = at + RECORD_HEADER_BYTES;
  if (crc32c(buffer.subarray(from, from + length)) >>> 0 !== crc) return false;
  if (indexBytes === 0) return true;
  const beside = buffer.subarray(from + length, from + length + indexBytes);
  return crc32c(beside) >>> 0 === getU32(buffer, from + length + indexBytes);
}

/** Whether the bodies before a group are those that it names. */
function fits(named: readonly GroupBody[], heads: readonly RecordHead[]): boolean {
  return named.length === heads.length && named.every(({ body, size, crc, indexBytes }, i) => {
    const head = heads[i]!;
    return head.body === body && head.length === size && head.crc === crc && head.indexBytes === indexBytes;
  });
}

/** Where a whole group lies that was written after number `seq` had been flushed; null when there is none. */
function later<G extends LogGroup>(
  buffer: Buffer,
  from: number,
  { stamp, seq }: Expected,
  form: LogForm<G>,
): number | null {
  for (let at = buffer.indexOf(MAGIC, from); at >= 0; at = buffer.indexOf(MAGIC, at + 1)) {
    const head = headAt(buffer, at);
    if (head === null || head.body !== GROUP_BODY) continue;
    const group = groupAt(buffer, at, head, form);
    if (group === null || group.stamp !== stamp || group.seq <= seq) continue;
    if ((group.flushed ?? group.seq - 1) >= seq) return at;
  }
  return null;
}
