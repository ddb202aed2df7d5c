import { Failure } from "../../src/base/failure.ts";
import type { MailboxEntry } from "../../src/mail/mailbox_entry.ts";
import type { Tidings, WatchedName, WatchOpened } from "../../src/mail/watch.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import type { WatchEvent, WatchGroup } from "../../src/mail/watch.ts";

const NOTHING: Tidings = { names: [], metadata: [], mailboxes: [], more: false, overflow: false };

interface FakeWatch {
  readonly groups: readonly WatchGroup[];
  readonly pending: Tidings[];
}

/** Watches as their owner keeps them; what happens to mailboxes is said by the test. */
export class FakeWatches {
  readonly #watches = new Map<number, FakeWatch>();
  /** Numbers of views are below. */
  #next = 900;
  /** No more than so many. */
  max = 10;
  /** News say that annotations of more messages changed than they name. */
  annotatedMore = false;
  /** Told of when a watch begins. */
  first: Extract<WatchOpened, { type: "watching" }>["mailboxes"] = [];

  /** What is watched now, in words, by one watch after the other. */
  get shown(): string[] {
    return [...this.#watches.values()].map(({ groups }) =>
      groups.map(({ filter, names, events }) => [filter, ...names, `(${events.join(" ")})`].join(" ")).join(", ")
    );
  }

  open({ groups, status }: { readonly groups: readonly WatchGroup[]; readonly status: boolean }): WatchOpened {
    if (this.#watches.size >= this.max) return { type: "tooMany" };
    const watch = this.#next++;
    this.#watches.set(watch, { groups, pending: [] });
    const { first } = this;
    return {
      type: "watching",
      watch,
      mailboxes: status ? first : first.filter(({ entry }) => entry.status === undefined),
    };
  }

  close(watch: number): boolean {
    return this.#watches.delete(watch);
  }

  /** The owner was started anew. */
  forget(): void {
    this.#watches.clear();
  }

  /** Something happened: each watch is told of it. */
  happened(tidings: Partial<Tidings>): void {
    for (const { pending } of this.#watches.values()) pending.push({ ...NOTHING, ...tidings });
  }

  /** Watches with something to tell. */
  get stirred(): number[] {
    return [...this.#watches].filter(([, { pending }]) => pending.length > 0).map(([watch]) => watch);
  }

  tidings(number: number): Tidings {
    const watch = this.#watches.get(number);
    if (watch === undefined) throw new Failure("not_found", "no such watch");
    const next = watch.pending.shift() ?? NOTHING;
    if (next.overflow) this.#watches.delete(number);
    return { ...next, more: watch.pending.length > 0 };
  }
}

/** A name that has a mailbox, or has none. */
export function watchedName(name: string, exists: boolean, more: Partial<WatchedName> = {}): WatchedName {
  return { entry: entryOf(name, exists), hasChildren: false, oldName: null, noAccess: false, ...more };
}

/** A mailbox of so many messages. */
export function watchedMailbox(name: string, messages: number, events: readonly WatchEvent[] = ["messages"]) {
  const status = {
    ...{ uidValidity: 7, uidNext: messages + 1, highestModSeq: messages + 10, messages, unseen: messages },
    ...{ deleted: 0, size: 0 },
  };
  return { entry: { ...entryOf(name, true), status: status as never }, events };
}

export function entryOf(name: string, exists: boolean): MailboxEntry {
  return { mailbox: exists ? 5 : 0, name: name as MailboxName, objectId: "", specialUse: null, subscribed: false };
}
