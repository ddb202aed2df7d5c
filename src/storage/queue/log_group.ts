import { Failure } from "../../base/mod.ts";
import type { LogForm, LogGroup } from "../disk/log_tail.ts";
import { RowReader, RowWriter } from "../layout/row_codec.ts";
import type { Until } from "./change.ts";
import type { NewMail, QueueStep } from "./delta.ts";
import type { StoredItem } from "./types.ts";
import { decodeItem, encodeItem, type ItemBounds } from "./values.ts";

/** Form of the log; a change of it raises QUEUE_SCHEMA_VERSION. */
const GROUP_FORM = 1;
const STEP = { mail: 1, item: 2, done: 3, suspend: 4, suspendForever: 5, resume: 6 } as const;

/** What was made durable together. Its record stands in the segment behind the bodies of its mails, and makes them count. */
export interface QueueGroup extends LogGroup {
  /** Queue time and wall-clock time, ms. */
  readonly timeMs: number;
  readonly wallMs: number;
  readonly steps: readonly QueueStep[];
}

/** The log of the queue. */
export const QUEUE_LOG: LogForm<QueueGroup> = {
  store: "queue",
  decode: decodeGroup,
  bodiesOf: ({ steps }) =>
    steps.flatMap((step) =>
      step.kind === "mail" ? [{ body: step.mail.message, size: step.mail.size, crc: step.mail.crc, indexBytes: 0 }] : []
    ),
};

/** Form u8, stamp, seq u48, start u48, times u48, count of steps, steps. */
export function encodeGroup(group: QueueGroup, bounds: ItemBounds): Uint8Array {
  const { stamp, seq, start, timeMs, wallMs, steps } = group;
  const row = new RowWriter().u8(GROUP_FORM).text(stamp).u48(seq).u48(start).u48(timeMs);
  row.u48(Math.max(0, Math.floor(wallMs))).count(steps.length);
  const item = new RowWriter();
  for (const step of steps) encodeStep(row, step, (state) => encodeItem(state, bounds, item.anew()));
  return row.bytes();
}

/** Throws Failure `corrupt` when it is not well-formed. */
export function decodeGroup(bytes: Uint8Array): QueueGroup {
  const row = new RowReader(bytes, "a group of the log");
  if (row.u8() !== GROUP_FORM) throw row.damaged();
  const stamp = row.text();
  const [seq, start, timeMs, wallMs] = [row.u48(), row.u48(), row.u48(), row.u48()];
  const steps: QueueStep[] = [];
  for (let left = row.count(); left > 0; left--) steps.push(decodeStep(row, timeMs));
  row.end();
  return { stamp, seq, start, timeMs, wallMs, steps };
}

type Encode = (item: StoredItem) => Uint8Array;

function encodeStep(row: RowWriter, step: QueueStep, encode: Encode): void {
  switch (step.kind) {
    case "mail":
      return encodeMail(row.u8(STEP.mail), step.mail, encode);
    case "item":
      if (step.next === null) row.u8(STEP.done).u48(step.item);
      else row.u8(STEP.item).u48(step.item).block(encode(step.next));
      return;
    case "suspend":
      if (step.until === "resume") row.u8(STEP.resume);
      else if (step.until === "forever") row.u8(STEP.suspendForever);
      else row.u8(STEP.suspend).u48(step.until);
      row.text(step.destination);
  }
}

function encodeMail(row: RowWriter, mail: NewMail, encode: Encode): void {
  row.text(mail.opId).u48(mail.message).u48(mail.size).u32(mail.crc).text(mail.id).text(mail.envelope);
  row.u48(mail.items[0]!.item).count(mail.items.length);
  for (const item of mail.items) row.block(encode(item));
}

function decodeStep(row: RowReader, timeMs: number): QueueStep {
  const suspend = (until: Until): QueueStep => ({ kind: "suspend", until, destination: row.text() });
  const kind = row.u8();
  switch (kind) {
    case STEP.mail:
      return { kind: "mail", mail: decodeMail(row, timeMs) };
    case STEP.item:
    case STEP.done: {
      const item = row.u48();
      return { kind: "item", item, next: kind === STEP.done ? null : decodeItem(row.block(), item) };
    }
    case STEP.suspend:
      return suspend(row.u48());
    case STEP.suspendForever:
      return suspend("forever");
    case STEP.resume:
      return suspend("resume");
    default:
      throw new Failure("corrupt", `the log of the queue has a step of an unknown kind, ${kind}`);
  }
}

function decodeMail(row: RowReader, createdMs: number): NewMail {
  const opId = row.text();
  const [message, size, crc] = [row.u48(), row.u48(), row.u32()];
  const [id, envelope, firstItem] = [row.text(), row.text(), row.u48()];
  const items = [];
  for (let i = 0, count = row.count(); i < count; i++) items.push(decodeItem(row.block(), firstItem + i));
  if (items.length === 0) throw row.damaged();
  return { opId, message, size, crc, createdMs, id, envelope, items };
}
