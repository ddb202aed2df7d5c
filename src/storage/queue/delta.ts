import { assert, Failure, RenewedMap } from "../../base/mod.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import type { PlacedBody } from "../disk/segments.ts";
import type { Until } from "./change.ts";
import type { QueueHeader } from "./header.ts";
import { itemKey, itemsBetween, messageKey, readNumber, suspensionKey } from "./keys.ts";
import type { StoredItem } from "./types.ts";
import { decodeItemOwner, decodeMessage, type QueueOp } from "./values.ts";

/** A mail as it was taken over, with the numbers that it got; its items follow one another. */
export interface NewMail {
  readonly opId: string;
  readonly message: number;
  readonly size: number;
  /** CRC-32C of the body. */
  readonly crc: number;
  /** Queue time, ms. */
  readonly createdMs: number;
  readonly id: string;
  /** The envelope as JSON. */
  readonly envelope: string;
  readonly items: readonly StoredItem[];
}

/** One step of a group, resolved: what the log keeps and the index will be made of. */
export type QueueStep =
  | { readonly kind: "mail"; readonly mail: NewMail }
  /** An item that is gone when this is applied is passed over. */
  | { readonly kind: "item"; readonly item: number; readonly next: StoredItem | null }
  | { readonly kind: "suspend"; readonly destination: string; readonly until: Until };

/** A mail that no row names yet. */
export interface HeldMail {
  readonly mail: NewMail;
  readonly place: PlacedBody;
  /** Items that are not done. */
  left: number;
}

/** Pages of the index copied for a mail, for an item that comes or changes, and for one that goes; rows of recipients; opIds. */
const MAIL_BYTES = 12 * 1024;
const ITEM_BYTES = 8 * 1024;
const DONE_BYTES = 24 * 1024;
const RECIPIENT_BYTES = 1_024;
const OP_BYTES = 512;

/**
 * What was done since the last checkpoint, over what the index says: mails that it does not know yet, items that are not as it
 * has them, opIds and suspensions. Steps are applied here when they are durable in the log, and again when that is read.
 */
export class QueueDelta {
  /** By number, rising. */
  readonly mails = new RenewedMap<number, HeldMail>();
  /** Unindexed items that are there, rising; and indexed ones with their next state, null when they are done. */
  readonly items = new RenewedMap<number, StoredItem | null>();
  readonly ops = new Map<string, QueueOp>();
  readonly suspended = new Map<string, Until>();
  /** Indexed mails of which items were done: how many are left. */
  readonly #left = new Map<number, { items: number; readonly size: number }>();
  #counts: { items: number; messages: number; bytes: number };
  #messageNext: number;
  #itemNext: number;
  #suspensions: number;
  #steps = 0;
  /** `base`: the header of the index that this stands on. */
  constructor(private readonly index: IndexEnv, readonly base: QueueHeader) {
    const { items, messages, bytes } = base;
    this.#counts = { items, messages, bytes };
    this.#messageNext = base.messageNext;
    this.#itemNext = base.itemNext;
    this.#suspensions = base.suspensions;
  }
  get counts(): { readonly items: number; readonly messages: number; readonly bytes: number } {
    return this.#counts;
  }
  get messageNext(): number {
    return this.#messageNext;
  }
  get itemNext(): number {
    return this.#itemNext;
  }
  get suspensions(): number {
    return this.#suspensions;
  }
  /** Steps applied so far. */
  get steps(): number {
    return this.#steps;
  }
  /** Rows that a checkpoint has to write, about. */
  get rows(): number {
    return this.items.size + this.mails.size + this.suspended.size;
  }
  /** Space that the index may need for them. */
  indexBytes(): number {
    let bytes = this.mails.size * MAIL_BYTES + this.ops.size * OP_BYTES + this.suspended.size * ITEM_BYTES;
    for (const next of this.items.values()) {
      bytes += next === null ? DONE_BYTES : ITEM_BYTES + next.recipients.length * RECIPIENT_BYTES;
    }
    return bytes;
  }
  apply(step: QueueStep, place: PlacedBody | undefined): void {
    this.#steps++;
    switch (step.kind) {
      case "mail":
        assert(place !== undefined, "every mail's body has been placed");
        return this.#add(step.mail, place);
      case "item":
        return this.#change(step.item, step.next);
      case "suspend":
        return this.#suspend(step.destination, step.until);
    }
  }
  /** Another one that says the same. */
  copy(): QueueDelta {
    const copy = new QueueDelta(this.index, this.base);
    for (const [message, held] of this.mails) copy.mails.set(message, { ...held });
    for (const [item, next] of this.items) copy.items.set(item, next);
    for (const [opId, op] of this.ops) copy.ops.set(opId, op);
    for (const [destination, until] of this.suspended) copy.suspended.set(destination, until);
    for (const [message, left] of this.#left) copy.#left.set(message, { ...left });
    copy.#counts = { ...this.#counts };
    copy.#messageNext = this.#messageNext;
    copy.#itemNext = this.#itemNext;
    copy.#suspensions = this.#suspensions;
    copy.#steps = this.#steps;
    return copy;
  }
  /** Whether the index, at least, knows an item or a mail of that number. */
  indexed(number: { readonly item: number } | { readonly message: number }): boolean {
    return "item" in number ? number.item < this.base.itemNext : number.message < this.base.messageNext;
  }
  /** Whether an indexed mail has lost its last item since. */
  gone(message: number): boolean {
    return this.#left.get(message)?.items === 0;
  }
  isSuspended(destination: string): boolean {
    const until = this.suspended.get(destination);
    return until === undefined ? this.index.get(suspensionKey(destination)) !== undefined : until !== "resume";
  }
  #add(mail: NewMail, place: PlacedBody): void {
    const { message, items, opId, size } = mail;
    const firstItem = items[0]!.item;
    if (message !== this.#messageNext || firstItem !== this.#itemNext) {
      throw new Failure("corrupt", `mail ${message} of the log does not follow mail ${this.#messageNext - 1}`);
    }
    this.#messageNext = message + 1;
    this.#itemNext = firstItem + items.length;
    this.mails.set(message, { mail, place, left: items.length });
    for (const item of items) this.items.set(item.item, item);
    this.ops.set(opId, { message, firstItem, items: items.length });
    this.#counts.items += items.length;
    this.#counts.messages++;
    this.#counts.bytes += size;
  }
  #change(item: number, next: StoredItem | null): void {
    if (this.indexed({ item })) return this.#changeIndexed(item, next);
    const was = this.items.get(item);
    if (was === undefined || was === null) return;
    if (next !== null) return void this.items.set(item, next);
    this.items.delete(item);
    this.#counts.items--;
    const held = this.mails.get(was.message)!;
    held.left--;
    if (held.left > 0) return;
    this.mails.delete(was.message);
    this.#counts.messages--;
    this.#counts.bytes -= held.mail.size;
  }
  #changeIndexed(item: number, next: StoredItem | null): void {
    const was = this.items.get(item);
    if (was === null) return;
    const stored = was === undefined ? this.index.get(itemKey(item)) : undefined;
    if (was === undefined && stored === undefined) return;
    this.items.set(item, next);
    if (next !== null) return;
    this.#counts.items--;
    // A damaged row must not keep the item from being deleted; `verify` names what it leaves behind.
    const message = was?.message ?? readable(() => decodeItemOwner(stored!, item).message);
    if (message !== null) this.#takeFrom(message);
  }
  /** An item of an indexed mail is done. */
  #takeFrom(message: number): void {
    const known = this.#left.get(message);
    const left = known ?? this.#look(message);
    if (left === null || left.items === 0 && known !== undefined) return;
    if (known !== undefined) known.items--;
    else this.#left.set(message, left);
    if (left.items > 0) return;
    this.#counts.messages--;
    this.#counts.bytes -= left.size;
  }
  /** Items of an indexed mail that are left; a mail whose row is damaged goes with any of them. */
  #look(message: number): { items: number; size: number } | null {
    const stored = this.index.get(messageKey(message));
    if (stored === undefined) return null;
    const row = readable(() => decodeMessage(stored, message));
    if (row === null) return { items: 0, size: 0 };
    if (row.items === 1) return { items: 0, size: row.size };
    const found = this.index.range({ ...itemsBetween(row.firstItem, row.firstItem + row.items), limit: row.items });
    return { items: found.filter(({ key }) => this.items.get(readNumber(key)) !== null).length, size: row.size };
  }
  #suspend(destination: string, until: Until): void {
    const [was, is] = [this.isSuspended(destination), until !== "resume"];
    this.#suspensions += Number(is) - Number(was);
    this.suspended.set(destination, until);
  }
}

/** Null when the row is damaged. */
export function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
