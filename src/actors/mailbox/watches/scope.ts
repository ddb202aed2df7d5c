import { type MailboxName, parentsOf } from "../../../mail/mailbox_name.ts";
import { isOthers } from "../../../mail/other_users.ts";
import { WATCH_EVENTS, type WatchEvent, type WatchGroup } from "../../../mail/watch.ts";

/** Events as a set of bits. */
export type EventBits = number;

export const NO_EVENTS: EventBits = 0;

/** The bit of each event. */
export const EVENT: Readonly<Record<WatchEvent, EventBits>> = {
  messages: 1,
  flags: 2,
  names: 4,
  subscriptions: 8,
  metadata: 16,
  accountMetadata: 32,
  annotations: 64,
};

/** A group says that nothing is to be told. */
const SILENCE = 128;

/** Events that come of messages. */
export const MESSAGE_EVENTS: EventBits = EVENT.messages | EVENT.flags | EVENT.annotations;

/** The events of a set, each once. */
export function namesOfEvents(bits: EventBits): WatchEvent[] {
  return WATCH_EVENTS.filter((event) => (bits & EVENT[event]) !== 0);
}

/** The groups of one watch, so that a name is looked up in as many steps as it has levels, however many groups there are. */
export class WatchScope {
  /** Events of the account itself: they go with no mailbox. */
  readonly ofAccount: EventBits;
  /** Whether mailboxes of other accounts can be meant. */
  readonly others: boolean;
  /** Whether it matters what is subscribed. */
  get bySubscription(): boolean {
    return this.#subscribed !== NO_EVENTS;
  }
  #personal: EventBits = NO_EVENTS;
  #subscribed: EventBits = NO_EVENTS;
  readonly #named = new Map<string, EventBits>();
  readonly #below = new Map<string, EventBits>();

  constructor(groups: readonly WatchGroup[]) {
    let all = NO_EVENTS;
    for (const group of groups) {
      const bits = bitsOf(group.events);
      all |= bits;
      this.#add(group, bits);
    }
    this.ofAccount = all & EVENT.accountMetadata;
    const names = [...this.#named.keys(), ...this.#below.keys()];
    this.others = this.#subscribed !== NO_EVENTS || names.some(isOthers);
  }

  /** What a mailbox of this name is watched for, as the account that watches sees names. */
  eventsOf(name: MailboxName, subscribed: boolean): EventBits {
    // What others share is not in the personal namespace (RFC 5465 §6.2, RFC 2342 §5).
    let bits = isOthers(name) ? NO_EVENTS : this.#personal;
    if (subscribed) bits |= this.#subscribed;
    bits |= this.#named.get(name) ?? NO_EVENTS;
    if (this.#below.size > 0) {
      bits |= this.#below.get(name) ?? NO_EVENTS;
      for (const parent of parentsOf(name)) bits |= this.#below.get(parent) ?? NO_EVENTS;
    }
    return (bits & SILENCE) === 0 ? bits : NO_EVENTS;
  }

  #add({ filter, names }: WatchGroup, bits: EventBits): void {
    switch (filter) {
      case "inboxes": // RFC 5465 §6.3: mail may be filed anywhere by whoever delivers it here.
      case "personal":
        this.#personal |= bits;
        break;
      case "subscribed":
        this.#subscribed |= bits;
        break;
      case "subtree":
        for (const name of names) this.#below.set(name, (this.#below.get(name) ?? NO_EVENTS) | bits);
        break;
      case "mailboxes":
        for (const name of names) this.#named.set(name, (this.#named.get(name) ?? NO_EVENTS) | bits);
    }
  }
}

function bitsOf(events: readonly WatchEvent[]): EventBits {
  if (events.length === 0) return SILENCE;
  return events.reduce((bits, event) => bits | EVENT[event], NO_EVENTS);
}
