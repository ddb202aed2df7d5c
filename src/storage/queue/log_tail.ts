import { Buffer } from "node:buffer";
import { crc32c } from "@node-rs/crc32";
import { Failure } from "../../base/mod.ts";
import {
  type PlacedBody,
  readRecordHeader,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  type SegmentPosition,
} from "../segments.ts";
import { readable } from "./delta.ts";
import { decodeGroup, GROUP_BODY, type LogGroup } from "./log_group.ts";

/** A group that was read, and where its bodies lie, in the order of its mails. */
export interface ReadGroup {
  readonly group: LogGroup;
  readonly places: readonly PlacedBody[];
  /** Bodies whose checksum is wrong. */
  readonly damaged: number;
}

export interface LogTail {
  readonly groups: readonly ReadGroup[];
  /** Behind the last group. */
  readonly end: SegmentPosition;
}

/** What the next group must say to belong there. */
export interface Expected {
  readonly stamp: string;
  /** The last group before. */
  readonly seq: number;
}

const MAGIC = Buffer.of(RECORD_MAGIC >>> 24, RECORD_MAGIC >>> 16 & 255, RECORD_MAGIC >>> 8 & 255, RECORD_MAGIC & 255);

interface Body {
  readonly number: number;
  readonly at: number;
  readonly length: number;
  readonly crc: number;
}

/**
 * Reads the log from a committed position on: `bytes` is the rest of the segment. It ends at the first group that is not
 * whole: its flush never returned, so nobody was told that it is durable. When whole groups lie behind that one it did
 * return, and what was acknowledged is damaged: that is Failure `corrupt`, never an end. A group that is whole but for the
 * bytes of a body, with others behind it, is kept: that body alone is then corrupt.
 */
export function readTail(bytes: Uint8Array, position: SegmentPosition, { stamp, seq }: Expected): LogTail {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const groups: ReadGroup[] = [];
  let end = position;
  for (let from = 0;;) {
    const read = readGroup(buffer, from, position);
    if (read === null || read.group.stamp !== stamp || read.group.seq !== seq + groups.length + 1) break;
    groups.push(read);
    from = read.next;
    end = { segment: position.segment, offset: position.offset + read.next, tail: read.tail };
  }
  const last = groups.at(-1);
  if (last !== undefined && last.damaged > 0) {
    groups.pop();
    const before = groups.at(-1) as ReadGroup & { next: number; tail: number } | undefined;
    end = before === undefined
      ? position
      : { segment: position.segment, offset: position.offset + before.next, tail: before.tail };
  }
  const lost = later(buffer, end.offset - position.offset, { stamp, seq: seq + groups.length + 1 });
  if (lost !== null) {
    throw new Failure(
      "corrupt",
      `the log of the queue is damaged between ${end.offset} and ${
        position.offset + lost
      } of segment ${end.segment}, ` +
        "with acknowledged mail behind: restore the directory of the queue, or cut the segment off there to go on without",
    );
  }
  return { groups, end };
}

/** The group whose first record begins at `from`; null when none is whole there. */
function readGroup(buffer: Buffer, from: number, position: SegmentPosition) {
  const bodies: Body[] = [];
  for (let at = from;;) {
    const head = headAt(buffer, at);
    if (head === null) return null;
    const next = at + RECORD_HEADER_BYTES + head.length;
    if (head.body !== GROUP_BODY) {
      bodies.push({ ...head, number: head.body, at });
      at = next;
      continue;
    }
    const group = groupAt(buffer, at, head);
    if (group === null || group.start !== position.offset + from || !fits(group, bodies)) return null;
    const damaged = bodies.filter(({ at, length, crc }) => !sound(buffer, at, { length, crc })).length;
    const places = bodies.map((body) => ({ segment: position.segment, offset: position.offset + body.at }));
    return { group, places, damaged, next, tail: position.offset + at };
  }
}

/** The header at `at`, when its record ends within the buffer. */
function headAt(buffer: Buffer, at: number): { body: number; length: number; crc: number } | null {
  if (at + RECORD_HEADER_BYTES > buffer.length) return null;
  const head = readRecordHeader(buffer.subarray(at, at + RECORD_HEADER_BYTES));
  return head !== null && at + RECORD_HEADER_BYTES + head.length <= buffer.length ? head : null;
}

function groupAt(buffer: Buffer, at: number, head: { length: number; crc: number }): LogGroup | null {
  if (!sound(buffer, at, head)) return null;
  const from = at + RECORD_HEADER_BYTES;
  return readable(() => decodeGroup(buffer.subarray(from, from + head.length)));
}

function sound(buffer: Buffer, at: number, { length, crc }: { length: number; crc: number }): boolean {
  const from = at + RECORD_HEADER_BYTES;
  return crc32c(buffer.subarray(from, from + length)) >>> 0 === crc;
}

/** Whether the bodies before a group are those of its mails. */
function fits(group: LogGroup, bodies: readonly Body[]): boolean {
  const mails = group.steps.flatMap((step) => step.kind === "mail" ? [step.mail] : []);
  return mails.length === bodies.length && mails.every(({ message, size, crc }, i) => {
    const body = bodies[i]!;
    return body.number === message && body.length === size && body.crc === crc;
  });
}

/** Where a whole group begins or ends that was written after number `seq`; null when there is none. */
function later(buffer: Buffer, from: number, { stamp, seq }: Expected): number | null {
  for (let at = buffer.indexOf(MAGIC, from); at >= 0; at = buffer.indexOf(MAGIC, at + 1)) {
    const head = headAt(buffer, at);
    if (head === null || head.body !== GROUP_BODY) continue;
    const group = groupAt(buffer, at, head);
    if (group !== null && group.stamp === stamp && group.seq > seq) return at;
  }
  return null;
}
