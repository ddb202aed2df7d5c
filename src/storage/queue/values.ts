import { assert, decodeUtf8, Failure } from "../../base/mod.ts";
import type { Notify, OutgoingEnvelope } from "../../mail/envelope.ts";
import { getU48, putU48 } from "../layout/pack.ts";
import { RowReader, RowWriter } from "../layout/row_codec.ts";
import type { ItemRecipient, ItemState, ScheduleRow, StoredAttempt, StoredItem } from "./types.ts";

/** Form of the item rows; a change of any row here raises QUEUE_SCHEMA_VERSION. */
const ITEM_FORM = 1;
const HELD = 1;
const WARNED = 2;

/** Bounds within which an item is written; what is beyond is cut off. */
export interface ItemBounds {
  readonly attemptsKeptMax: number;
  readonly noteTextMax: number;
}

/** The beginning of a text, well-formed. */
export function cutText(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).toWellFormed();
}

/** What a row keeps of a state. */
export function keptState(state: ItemState, { attemptsKeptMax, noteTextMax }: ItemBounds): ItemState {
  const cut = (text: string) => cutText(text, noteTextMax);
  const maybe = (text: string | null) => text === null ? null : cut(text);
  const recipients = state.recipients.map(({ last, ...recipient }) => ({
    ...recipient,
    last: last === null ? null : { code: last.code, status: cut(last.status), text: cut(last.text) },
  }));
  const notes = state.notes.slice(Math.max(0, state.notes.length - attemptsKeptMax)).map((note) => ({
    ...note,
    host: maybe(note.host),
    tls: maybe(note.tls),
    status: cut(note.status),
    text: cut(note.text),
  }));
  return { ...state, recipients, notes };
}

/**
 * Item row: form u8, flags u8, message u48, due u48, attempts, destination, recipients (address, notify, orcpt, last), notes
 * (time u48, host, tls, code, status, text).
 */
export function encodeItem(
  item: Omit<StoredItem, "item">,
  { attemptsKeptMax, noteTextMax }: ItemBounds,
  row = new RowWriter(),
): Uint8Array {
  const cut = (text: string) => cutText(text, noteTextMax);
  row.u8(ITEM_FORM).u8((item.held ? HELD : 0) | (item.warned ? WARNED : 0));
  row.u48(item.message).u48(item.dueMs).count(item.attempts).text(item.destination);
  row.count(item.recipients.length);
  for (const { address, notify, orcpt, last } of item.recipients) {
    row.text(address).u8(notifyBits(notify)).maybe(orcpt);
    if (last === null) row.u8(0);
    else row.u8(1).count(codeNumber(last.code)).text(cut(last.status)).text(cut(last.text));
  }
  const notes = item.notes.slice(Math.max(0, item.notes.length - attemptsKeptMax));
  row.count(notes.length);
  for (const { atMs, host, tls, code, status, text } of notes) {
    row.u48(atMs).maybe(host === null ? null : cut(host)).maybe(tls === null ? null : cut(tls));
    row.count(codeNumber(code)).text(cut(status)).text(cut(text));
  }
  return row.bytes();
}

export function decodeItem(stored: Uint8Array, item: number): StoredItem {
  const row = new RowReader(stored, `item ${item}`);
  if (row.u8() !== ITEM_FORM) throw row.damaged();
  const flags = row.u8();
  const message = row.u48();
  const dueMs = row.u48();
  const attempts = row.count();
  const destination = row.text();
  const recipients: ItemRecipient[] = [];
  for (let left = row.count(); left > 0; left--) {
    const address = row.text();
    const notify = notifyOf(row.u8());
    const orcpt = row.maybe();
    const last = row.u8() === 0 ? null : { code: codeOf(row.count()), status: row.text(), text: row.text() };
    recipients.push({ address, notify, orcpt, last });
  }
  const notes: StoredAttempt[] = [];
  for (let left = row.count(); left > 0; left--) {
    const [atMs, host, tls] = [row.u48(), row.maybe(), row.maybe()];
    notes.push({ atMs, host, tls, code: codeOf(row.count()), status: row.text(), text: row.text() });
  }
  row.end();
  const state: ItemState = {
    dueMs,
    held: (flags & HELD) !== 0,
    attempts,
    warned: (flags & WARNED) !== 0,
    recipients,
    notes,
  };
  return { item, message, destination, ...state };
}

/** What a change must know of an item's row: its mail and its destination. */
export function decodeItemOwner(stored: Uint8Array, item: number): { message: number; destination: string } {
  const row = new RowReader(stored, `item ${item}`);
  if (row.u8() !== ITEM_FORM) throw row.damaged();
  row.u8();
  const message = row.u48();
  row.u48();
  row.count();
  return { message, destination: row.text() };
}

const NOTIFY: readonly Notify[] = ["success", "failure", "delay"];

/** 0: not given; 1: NEVER; else 1 and a bit for each. */
function notifyBits(notify: readonly Notify[] | null): number {
  if (notify === null) return 0;
  let bits = 1;
  NOTIFY.forEach((one, i) => bits |= notify.includes(one) ? 2 << i : 0);
  return bits;
}

function notifyOf(bits: number): Notify[] | null {
  return bits === 0 ? null : NOTIFY.filter((_, i) => (bits & 2 << i) !== 0);
}

/** Without doubles and in one order. */
export function plainNotify(notify: readonly Notify[] | null): Notify[] | null {
  return notifyOf(notifyBits(notify));
}

/** Reply codes are written as one more than they are, null as 0. */
function codeNumber(code: number | null): number {
  return code === null ? 0 : code + 1;
}

function codeOf(stored: number): number | null {
  return stored === 0 ? null : stored - 1;
}

/** A mail's row. Its items were numbered in one go; those that are done are not there any more. */
export interface MessageRow {
  readonly firstItem: number;
  readonly items: number;
  readonly size: number;
  readonly createdMs: number;
  readonly envelope: OutgoingEnvelope;
}

/** The envelope is JSON (or an object that is made to be): it is read by people, and seldom by programs. */
export function encodeMessage(
  { firstItem, items, size, createdMs, envelope }: Omit<MessageRow, "envelope"> & {
    readonly envelope: OutgoingEnvelope | string;
  },
): Uint8Array {
  const text = typeof envelope === "string" ? envelope : JSON.stringify(envelope);
  return new RowWriter().u48(firstItem).count(items).u48(size).u48(createdMs).text(text).bytes();
}

export function decodeMessage(stored: Uint8Array, message: number): MessageRow {
  const row = new RowReader(stored, `message ${message}`);
  const [firstItem, items, size, createdMs] = [row.u48(), row.count(), row.u48(), row.u48()];
  const envelope = row.text();
  row.end();
  try {
    return { firstItem, items, size, createdMs, envelope: JSON.parse(envelope) };
  } catch {
    throw row.damaged();
  }
}

/** The answer to an opId: the mail, and the items that it began with. */
export interface QueueOp {
  readonly message: number;
  readonly firstItem: number;
  readonly items: number;
}

export function encodeOp({ message, firstItem, items }: QueueOp): Uint8Array {
  return new RowWriter().u48(message).u48(firstItem).count(items).bytes();
}

export function decodeOp(stored: Uint8Array): QueueOp {
  const row = new RowReader(stored, "opId");
  const op = { message: row.u48(), firstItem: row.u48(), items: row.count() };
  row.end();
  return op;
}

export function encodeSuspension(untilMs: number | null): Uint8Array {
  return untilMs === null ? Uint8Array.of(0) : new RowWriter().u8(1).u48(untilMs).bytes();
}

export function decodeSuspension(stored: Uint8Array): number | null {
  const row = new RowReader(stored, "suspension");
  const untilMs = row.u8() === 0 ? null : row.u48();
  row.end();
  return untilMs;
}

export function suspensionName(key: Uint8Array): string {
  const name = decodeUtf8(key.subarray(1));
  if (name === null) throw new Failure("corrupt", "the key of a suspension is damaged");
  return name;
}

/** Items per block of the schedule. */
export const BLOCK_ITEMS = 64;
const ROW_BYTES = 8;

/**
 * When up to 64 consecutive items are due, packed, rising by item, so that reading the schedule of a million items reads
 * 16,000 short rows. Row: slot u8, held u8, due u48.
 */
export class ScheduleBlock {
  #bytes: Uint8Array;
  #rows: number;
  constructor(readonly number: number, stored: Uint8Array | undefined) {
    this.#bytes = stored ?? new Uint8Array(4 * ROW_BYTES);
    this.#rows = stored === undefined ? 0 : stored.length / ROW_BYTES;
    if (!Number.isInteger(this.#rows) || this.#rows > BLOCK_ITEMS) {
      throw new Failure("corrupt", `block ${number} of the schedule is damaged`);
    }
  }
  get rows(): number {
    return this.#rows;
  }
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#rows * ROW_BYTES);
  }
  set({ item, dueMs, held }: ScheduleRow): void {
    assert(Math.floor(item / BLOCK_ITEMS) === this.number, "an item is written to its own block");
    const slot = item % BLOCK_ITEMS;
    const at = this.#place(slot);
    if (at === this.#rows || this.#bytes[at * ROW_BYTES] !== slot) this.#insert(at);
    const from = at * ROW_BYTES;
    this.#bytes[from] = slot;
    this.#bytes[from + 1] = held ? 1 : 0;
    putU48(this.#bytes, from + 2, dueMs);
  }
  remove(item: number): void {
    const slot = item % BLOCK_ITEMS;
    const at = this.#place(slot);
    if (at === this.#rows || this.#bytes[at * ROW_BYTES] !== slot) return;
    this.#bytes.copyWithin(at * ROW_BYTES, (at + 1) * ROW_BYTES, this.#rows * ROW_BYTES);
    this.#rows--;
  }
  /** The index of the first row whose slot is not below. */
  #place(slot: number): number {
    let at = 0;
    while (at < this.#rows && this.#bytes[at * ROW_BYTES]! < slot) at++;
    return at;
  }
  #insert(at: number): void {
    const used = this.#rows * ROW_BYTES;
    if (used === this.#bytes.length) {
      const more = new Uint8Array(Math.min(BLOCK_ITEMS, this.#rows + 16) * ROW_BYTES);
      more.set(this.#bytes);
      this.#bytes = more;
    }
    this.#bytes.copyWithin((at + 1) * ROW_BYTES, at * ROW_BYTES, used);
    this.#rows++;
  }
}

/** Appends the rows of a stored block that lie above `after` to `rows`, until there are `limit`. */
export function readSchedule(
  { block, stored }: { readonly block: number; readonly stored: Uint8Array },
  after: number,
  { rows, limit }: { readonly rows: ScheduleRow[]; readonly limit: number },
): void {
  if (stored.length % ROW_BYTES !== 0) throw new Failure("corrupt", `block ${block} of the schedule is damaged`);
  for (let at = 0; at < stored.length && rows.length < limit; at += ROW_BYTES) {
    const item = block * BLOCK_ITEMS + stored[at]!;
    if (item > after) rows.push({ item, dueMs: getU48(stored, at + 2), held: stored[at + 1] !== 0 });
  }
}
