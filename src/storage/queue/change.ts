import { byteLength, Failure } from "../../base/mod.ts";
import type { OutgoingEnvelope } from "../../mail/envelope.ts";
import { checkOpId } from "../layout/keys.ts";
import { checksum } from "../disk/segments.ts";
import { checkName, isNumber } from "./keys.ts";
import type { QueueLimits } from "./limits.ts";
import type { EnqueueInput, ItemChange, ItemRecipient, ItemState } from "./types.ts";
import { plainNotify } from "./values.ts";

/** A change that was asked for, within all limits. `bytes`: what it keeps in memory while it waits. */
export type QueueChange =
  | EnqueueChange
  | { readonly kind: "change"; readonly changes: readonly ItemChange[]; readonly bytes: number }
  | { readonly kind: "suspend"; readonly destination: string; readonly until: Until; readonly bytes: 0 }
  /** Writes down the time. */
  | { readonly kind: "tick"; readonly bytes: 0 };

/** Queue time in ms; `forever` until it is resumed; `resume` ends it. */
export type Until = number | "forever" | "resume";

export interface EnqueueChange {
  readonly kind: "enqueue";
  readonly opId: string;
  readonly envelope: OutgoingEnvelope;
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly crc: number;
  readonly items: readonly { readonly destination: string; readonly state: ItemState }[];
  readonly bytes: number;
}

export const TICK: QueueChange = { kind: "tick", bytes: 0 };

/** What an item is taken to weigh in a group: its rows, and so much that the pages of a whole group stay within bounds. */
const ITEM_BYTES = 4_096;
const RECIPIENT_BYTES = 512;
/** Octets of an address (RFC 5321 §4.5.3.1: 64 and 255), and of all that is not bounded elsewhere. */
const ADDRESS_MAX = 320;
const ORCPT_MAX = 500;
const ENVELOPE_TEXT_MAX = 1_000;
const ATTEMPTS_MAX = 1_000_000;
const CODE_MAX = 999;

/** A mail within all limits, with its size and checksum. Throws Failure `invalid`. */
export function enqueueChange(input: EnqueueInput, limits: QueueLimits): EnqueueChange {
  const { opId, envelope, parts } = input;
  checkOpId(opId);
  checkName("mail id", envelope.id);
  if (envelope.sender.length > ADDRESS_MAX) invalid(`a sender has at most ${ADDRESS_MAX} characters`);
  if ((envelope.account ?? "").length + (envelope.envid ?? "").length > ENVELOPE_TEXT_MAX) {
    invalid(`account and ENVID have at most ${ENVELOPE_TEXT_MAX} characters`);
  }
  const size = byteLength(parts);
  if (size > limits.messageBytesMax) invalid(`a message has at most ${limits.messageBytesMax} bytes`);
  if (input.items.length < 1 || input.items.length > limits.itemsMax) {
    invalid(`a mail has 1 to ${limits.itemsMax} items`);
  }
  const items = input.items.map(({ destination, recipients, dueMs }) => {
    checkName("destination", destination);
    const open = recipients.map((recipient): ItemRecipient => ({ ...recipient, last: null }));
    return {
      destination,
      state: plainState({ dueMs, held: false, attempts: 0, warned: false, recipients: open, notes: [] }, limits),
    };
  });
  const bytes = items.reduce((sum, { state }) => sum + weightOf(state), size);
  return { kind: "enqueue", opId, envelope, parts, size, crc: checksum(parts), items, bytes };
}

/** Next states within all limits. Throws Failure `invalid`. */
export function itemChange(changes: readonly ItemChange[], limits: QueueLimits): QueueChange {
  if (changes.length > limits.changesMax) invalid(`at most ${limits.changesMax} items change at once`);
  const plain = changes.map(({ item, next }) => {
    if (!isNumber(item)) invalid("an item is a number");
    return { item, next: next === null ? null : plainState(next, limits) };
  });
  return { kind: "change", changes: plain, bytes: plain.reduce((sum, { next }) => sum + weightOf(next), 0) };
}

export function suspendChange(destination: string, until: Until): QueueChange {
  checkName("destination", destination);
  if (typeof until === "number" && !isTime(until)) invalid("a suspension ends at a time");
  return { kind: "suspend", destination, until: typeof until === "number" ? Math.floor(until) : until, bytes: 0 };
}

function weightOf(state: ItemState | null): number {
  return ITEM_BYTES + RECIPIENT_BYTES * (state?.recipients.length ?? 0);
}

/** A state as it will be read again: whole ms, NOTIFY without doubles. */
function plainState(state: ItemState, limits: QueueLimits): ItemState {
  const { recipients, notes, attempts } = state;
  if (!isTime(state.dueMs) || !notes.every(({ atMs }) => isTime(atMs))) invalid("a time is 0 to 2^48 - 1 ms");
  if (!Number.isInteger(attempts) || attempts < 0 || attempts > ATTEMPTS_MAX) invalid("attempts are counted from 0");
  if (recipients.length < 1 || recipients.length > limits.recipientsMax) {
    invalid(`an item has 1 to ${limits.recipientsMax} recipients`);
  }
  if (![...notes, ...recipients.map(({ last }) => last)].every((one) => one === null || isCode(one.code))) {
    invalid("a reply code is a number of three digits");
  }
  return {
    dueMs: Math.floor(state.dueMs),
    held: state.held,
    attempts,
    warned: state.warned,
    recipients: recipients.map(plainRecipient),
    notes: notes.map((note) => ({ ...note, atMs: Math.floor(note.atMs) })),
  };
}

function plainRecipient({ address, notify, orcpt, last }: ItemRecipient): ItemRecipient {
  if (address.length < 1 || address.length > ADDRESS_MAX) invalid(`an address has 1 to ${ADDRESS_MAX} characters`);
  if ((orcpt ?? "").length > ORCPT_MAX) invalid(`ORCPT has at most ${ORCPT_MAX} characters`);
  return { address, notify: plainNotify(notify), orcpt, last };
}

function isTime(ms: number): boolean {
  return isNumber(Math.floor(ms));
}

function isCode(code: number | null): boolean {
  return code === null || (Number.isInteger(code) && code >= 0 && code <= CODE_MAX);
}

function invalid(message: string): never {
  throw new Failure("invalid", message);
}
