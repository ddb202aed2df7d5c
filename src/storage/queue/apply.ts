import { BodyView } from "../reading/body_view.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { OpBook } from "../op_book.ts";
import { RECORD_HEADER_BYTES } from "../disk/segments.ts";
import type { Until } from "./change.ts";
import { type HeldMail, type QueueDelta, readable } from "./delta.ts";
import type { QueueHeader } from "./header.ts";
import {
  destinationKey,
  itemKey,
  itemsBetween,
  mailIdKey,
  messageKey,
  readNumber,
  scheduleKey,
  suspensionKey,
} from "./keys.ts";
import type { QueueLimits } from "./limits.ts";
import type { StoredItem } from "./types.ts";
import {
  BLOCK_ITEMS,
  decodeItem,
  decodeItemOwner,
  decodeMessage,
  encodeItem,
  encodeMessage,
  encodeOp,
  encodeSuspension,
  ScheduleBlock,
} from "./values.ts";

const ONE = Uint8Array.of(1);

/** Brings what was done since the last checkpoint to the index, inside a transaction: the only way the rows of the queue change. */
export class QueueApplier {
  readonly #bodies: BodyView;
  readonly #book: OpBook;
  readonly #schedule = new Map<number, ScheduleBlock>();
  #header: QueueHeader;
  /** Whether mails went away, so that segments may be worth compacting. */
  freed = false;
  constructor(
    private readonly index: IndexEnv,
    header: QueueHeader,
    private readonly options: { readonly limits: QueueLimits; readonly nowMs: number },
  ) {
    this.#header = header;
    this.#bodies = new BodyView(index);
    this.#book = new OpBook(index, header, options.limits);
  }
  /** `logged`: the part of the open segment that the delta is from. */
  fold(delta: QueueDelta, logged: { readonly segment: number; readonly bytes: number }): void {
    let live = 0;
    for (const held of delta.mails.values()) {
      live += RECORD_HEADER_BYTES + held.mail.size;
      this.#add(held);
    }
    for (const [item, next] of delta.items) {
      if (delta.indexed({ item })) this.#change(item, next);
      else if (next !== null) this.#addItem(next);
    }
    for (const [destination, until] of delta.suspended) this.#suspend(destination, until);
    for (const [opId, op] of delta.ops) this.#book.keep(opId, encodeOp(op));
    if (logged.bytes > 0) this.#bodies.waste(logged.segment, logged.bytes - live);
    if (delta.mails.size < delta.ops.size) this.freed = true;
    this.#header = { ...this.#header, messageNext: delta.messageNext, itemNext: delta.itemNext };
  }
  /** Writes what was gathered. Answers the next header, without position and time, and how many opIds went early. */
  close(): { header: QueueHeader; forgottenEarly: number } {
    for (const block of this.#schedule.values()) {
      if (block.rows === 0) this.index.remove(scheduleKey(block.number));
      else this.index.put(scheduleKey(block.number), block.bytes());
    }
    this.#bodies.flush();
    const commits = this.#header.commits + 1;
    const forgottenEarly = this.#book.close(commits, this.options.nowMs);
    return { header: { ...this.#header, ...this.#book.counts(), commits }, forgottenEarly };
  }
  #add({ mail, place }: HeldMail): void {
    const { message, size, crc, createdMs, id, envelope, items } = mail;
    this.#bodies.add(message, { ...place, length: size, crc, refs: 1, indexBytes: 0 });
    const row = { firstItem: items[0]!.item, items: items.length, size, createdMs, envelope };
    this.index.put(messageKey(message), encodeMessage(row));
    this.index.put(mailIdKey(id, message), ONE);
    const { messages, bytes } = this.#header;
    this.#header = { ...this.#header, messages: messages + 1, bytes: bytes + size };
  }
  #addItem(item: StoredItem): void {
    this.#put(item);
    this.index.put(destinationKey(item.destination, item.item), ONE);
    this.#header = { ...this.#header, items: this.#header.items + 1 };
  }
  #change(item: number, next: StoredItem | null): void {
    const stored = this.index.get(itemKey(item));
    if (stored === undefined) return;
    if (next !== null) return this.#put(next);
    // A damaged row must not keep the item from being deleted; `verify` names what it leaves behind.
    const owner = readable(() => decodeItemOwner(stored, item));
    this.index.remove(itemKey(item));
    this.#block(item).remove(item);
    this.#header = { ...this.#header, items: this.#header.items - 1 };
    if (owner === null) return;
    this.index.remove(destinationKey(owner.destination, item));
    this.#forgetMailWithoutItems(owner.message);
  }
  #put(item: StoredItem): void {
    this.index.put(itemKey(item.item), encodeItem(item, this.options.limits));
    this.#block(item.item).set(item);
  }
  #forgetMailWithoutItems(message: number): void {
    const stored = this.index.get(messageKey(message));
    if (stored === undefined) return;
    const row = readable(() => decodeMessage(stored, message));
    if (row !== null) {
      const { firstItem, items, envelope } = row;
      const left = items > 1 ? this.index.range({ ...itemsBetween(firstItem, firstItem + items), limit: 1 }).length : 0;
      if (left > 0) return;
      this.index.remove(mailIdKey(envelope.id, message));
    }
    this.index.remove(messageKey(message));
    // A damaged place must not keep a checkpoint from being made: the space is lost, nothing else.
    readable(() => this.#bodies.release(message));
    this.freed = true;
    const { messages, bytes } = this.#header;
    this.#header = { ...this.#header, messages: messages - 1, bytes: bytes - (row?.size ?? 0) };
  }
  #suspend(destination: string, until: Until): void {
    const key = suspensionKey(destination);
    const known = this.index.get(key) !== undefined;
    let { suspensions } = this.#header;
    if (until === "resume") {
      if (known) suspensions--;
      this.index.remove(key);
    } else {
      if (!known) suspensions++;
      this.index.put(key, encodeSuspension(until === "forever" ? null : until));
    }
    this.#header = { ...this.#header, suspensions };
  }
  #block(item: number): ScheduleBlock {
    const number = Math.floor(item / BLOCK_ITEMS);
    const held = this.#schedule.get(number);
    if (held !== undefined) return held;
    const block = readable(() => new ScheduleBlock(number, this.index.get(scheduleKey(number)))) ??
      this.#blockAnew(number);
    this.#schedule.set(number, block);
    return block;
  }
  /** A damaged block, from the rows of its items. */
  #blockAnew(number: number): ScheduleBlock {
    const block = new ScheduleBlock(number, undefined);
    const first = number * BLOCK_ITEMS;
    for (
      const { key, value } of this.index.range({ ...itemsBetween(first, first + BLOCK_ITEMS), limit: BLOCK_ITEMS })
    ) {
      const item = readable(() => decodeItem(value, readNumber(key)));
      if (item !== null) block.set(item);
    }
    return block;
  }
}
