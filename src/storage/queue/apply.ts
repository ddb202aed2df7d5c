import { assert, Failure } from "../../base/mod.ts";
import { BodyView } from "../body_view.ts";
import type { IndexEnv } from "../index_env.ts";
import { OpBook } from "../op_book.ts";
import type { PlacedBody } from "../segments.ts";
import type { EnqueueChange, QueueChange, Until } from "./change.ts";
import type { QueueHeader } from "./header.ts";
import { destinationKey, itemKey, itemsBetween, mailIdKey, messageKey, scheduleKey, suspensionKey } from "./keys.ts";
import type { QueueLimits } from "./limits.ts";
import type { ItemChange, StoredItem } from "./types.ts";
import {
  BLOCK_ITEMS,
  decodeItemOwner,
  decodeMessage,
  encodeItem,
  encodeMessage,
  encodeOp,
  encodeSuspension,
  ScheduleBlock,
} from "./values.ts";

/** A mail with the number that it gets; its items follow one another. */
export interface NumberedMail {
  readonly kind: "numbered";
  readonly mail: EnqueueChange;
  readonly message: number;
  readonly firstItem: number;
}

/** One step of a group. */
export type QueueStep = NumberedMail | Exclude<QueueChange, EnqueueChange>;

const ONE = Uint8Array.of(1);

/** The items of a mail as they begin. */
export function firstItems({ mail, message, firstItem }: NumberedMail): StoredItem[] {
  return mail.items.map(({ destination, state }, i) => ({ item: firstItem + i, message, destination, ...state }));
}

/** Applies the steps of one group inside a transaction: the only way the rows of the queue change. */
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
  apply(step: QueueStep, place: PlacedBody | undefined): void {
    switch (step.kind) {
      case "numbered":
        assert(place !== undefined, "every mail's body has been placed");
        return this.#enqueue(step, place);
      case "change":
        return step.changes.forEach((change) => this.#change(change));
      case "suspend":
        return this.#suspend(step.destination, step.until);
      case "tick":
        return;
    }
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
  #enqueue(numbered: NumberedMail, place: PlacedBody): void {
    const { message, firstItem, mail: { opId, envelope, size, crc, items } } = numbered;
    const { messageNext, itemNext } = this.#header;
    assert(message >= messageNext && firstItem >= itemNext, "the owner numbers mails and items in order");
    this.#bodies.add(message, { ...place, length: size, crc, refs: 1 });
    const row = { firstItem, items: items.length, size, createdMs: this.options.nowMs, envelope };
    this.index.put(messageKey(message), encodeMessage(row));
    this.index.put(mailIdKey(envelope.id, message), ONE);
    for (const item of firstItems(numbered)) {
      this.#put(item);
      this.index.put(destinationKey(item.destination, item.item), ONE);
    }
    this.#book.keep(opId, encodeOp({ message, firstItem, items: items.length }));
    this.#header = {
      ...this.#header,
      messageNext: message + 1,
      itemNext: firstItem + items.length,
      messages: this.#header.messages + 1,
      items: this.#header.items + items.length,
      bytes: this.#header.bytes + size,
    };
  }
  #change({ item, next }: ItemChange): void {
    const stored = this.index.get(itemKey(item));
    if (stored === undefined) return;
    if (next !== null) return this.#put({ item, ...decodeItemOwner(stored, item), ...next });
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
    this.#bodies.release(message);
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
      if (!known && suspensions >= this.options.limits.suspensionsMax) {
        throw new Failure("busy", "too many destinations are suspended");
      }
      if (!known) suspensions++;
      this.index.put(key, encodeSuspension(until === "forever" ? null : until));
    }
    this.#header = { ...this.#header, suspensions };
  }
  #block(item: number): ScheduleBlock {
    const number = Math.floor(item / BLOCK_ITEMS);
    const held = this.#schedule.get(number);
    if (held !== undefined) return held;
    const block = new ScheduleBlock(number, this.index.get(scheduleKey(number)));
    this.#schedule.set(number, block);
    return block;
  }
}

/** Null when the row is damaged. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
