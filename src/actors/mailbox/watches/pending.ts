import type { AccountId } from "../../../mail/account.ts";
import type { MailboxName } from "../../../mail/mailbox_name.ts";
import { type EventBits, NO_EVENTS } from "./scope.ts";

/** Mailboxes, names and annotations that one watch may have to tell of: far more than a client reads; beyond it the watch is over. */
export const PENDING_MAX = 4_000;

/** A mailbox with changes, by whose it is. */
export interface Mark {
  readonly owner: AccountId;
  readonly mailbox: number;
  readonly events: EventBits;
}

/** A name that something happened to, and what its mailbox was called before. */
export interface NameEvent {
  readonly name: MailboxName;
  readonly oldName: MailboxName | null;
}

/** Annotations of a mailbox, or of the account (""), that changed. */
export interface MetadataEvent {
  readonly name: MailboxName | "";
  readonly entries: ReadonlySet<string>;
}

/** What one watch was not told of yet: however much happens to a mailbox, it is one mark. */
export class Pending {
  readonly #marks = new Map<string, Mark>();
  readonly #names = new Map<MailboxName, NameEvent>();
  readonly #metadata = new Map<MailboxName | "", Set<string>>();
  #entries = 0;

  constructor(private readonly max = PENDING_MAX) {}

  get isEmpty(): boolean {
    return this.#marks.size + this.#names.size + this.#metadata.size === 0;
  }

  /** More than may be kept. */
  get isOver(): boolean {
    return this.#marks.size + this.#names.size + this.#entries > this.max;
  }

  /** What is marked of a mailbox already. */
  marked(owner: AccountId, mailbox: number): EventBits {
    return this.#marks.get(`${mailbox}/${owner}`)?.events ?? NO_EVENTS;
  }

  mark(owner: AccountId, mailbox: number, events: EventBits): void {
    this.#marks.set(`${mailbox}/${owner}`, { owner, mailbox, events: events | this.marked(owner, mailbox) });
  }

  /** A name that was renamed twice had one name before; what happens to it later is told at its end. */
  name(name: MailboxName, oldName: MailboxName | null = null): void {
    const before = oldName === null ? null : this.#names.get(oldName) ?? null;
    const first = before?.oldName ?? oldName ?? this.#names.get(name)?.oldName ?? null;
    if (before !== null && before.oldName !== null) this.#names.delete(before.name);
    this.#names.delete(name);
    this.#names.set(name, { name, oldName: first === name ? null : first });
  }

  annotated(name: MailboxName | "", entries: Iterable<string>): void {
    const known = this.#metadata.get(name) ?? new Set();
    this.#metadata.set(name, known);
    this.#entries -= known.size;
    for (const entry of entries) known.add(entry);
    this.#entries += known.size;
  }

  /** Takes the oldest, at most `max` of each kind. */
  take(max: number): { readonly names: NameEvent[]; readonly metadata: MetadataEvent[]; readonly marks: Mark[] } {
    const names = firstOf(this.#names, max).map(([, event]) => event);
    const metadata = firstOf(this.#metadata, max).map(([name, entries]) => ({ name, entries }));
    for (const { entries } of metadata) this.#entries -= entries.size;
    // What a mailbox is called is told before what became of its messages.
    const marks = this.#names.size > 0 ? [] : firstOf(this.#marks, max).map(([, mark]) => mark);
    return { names, metadata, marks };
  }

  clear(): void {
    this.#marks.clear();
    this.#names.clear();
    this.#metadata.clear();
    this.#entries = 0;
  }
}

function firstOf<K, V>(map: Map<K, V>, max: number): [K, V][] {
  const first: [K, V][] = [];
  for (const entry of map) {
    if (first.length === max) break;
    first.push(entry);
    map.delete(entry[0]);
  }
  return first;
}
