import { asFailure, describeError, type Log, RenewedMap } from "../../base/mod.ts";
import type { QueueStore, StoredItem, StoredMessage } from "../../storage/mod.ts";

/** Unreadable items remembered; of more the log still tells, at each start. */
const UNREADABLE_MAX = 10_000;

/** Rows kept that were just written. */
const FRESH_MAX = 10_000;

/** An item and the mail it belongs to. */
export interface Waiting {
  readonly item: StoredItem;
  readonly message: StoredMessage;
}

/**
 * Items and mails as the disk has them. One that cannot be read holds up no other: it is told once and left alone, until an
 * operator deletes it or the queue is opened again.
 */
export class QueueRows {
  readonly #unreadable = new Set<number>();
  /** Rows that were just written, until they are tried or changed: most are tried at once and need not be read back. */
  readonly #fresh = new RenewedMap<number, Waiting>();

  constructor(
    private readonly store: QueueStore,
    private readonly log: Log,
    /** Called for an item that could not be read now, but perhaps later. */
    private readonly again: (item: number) => void,
  ) {}

  /** Items that cannot be read. */
  get unreadable(): number {
    return this.#unreadable.size;
  }

  isUnreadable(item: number): boolean {
    return this.#unreadable.has(item);
  }

  /** An operator has deleted it. */
  deleted(item: number): void {
    this.#unreadable.delete(item);
  }

  /** What the disk has of an item, as it was just written. */
  remember(waiting: Waiting): void {
    if (this.#fresh.size < FRESH_MAX) this.#fresh.set(waiting.item.item, waiting);
  }

  /** The item was, or is to be, changed: what the disk has counts from now on. */
  forget(item: number): void {
    this.#fresh.delete(item);
  }

  /** Null when the item is gone or cannot be read. */
  item(item: number): StoredItem | null {
    return this.#fresh.get(item)?.item ?? this.#read(item, () => this.store.item(item));
  }

  /** The mail behind an item; null when it cannot be read. */
  message({ item, message }: StoredItem): StoredMessage | null {
    return this.#fresh.get(item)?.message ?? this.#read(item, () => {
      const found = this.store.message(message);
      // Between the two reads nothing ran: an item without its mail is a damage, not a race.
      if (found === null) this.#tell(item, "its mail is missing");
      return found;
    });
  }

  /** Both of them; null when either is missing. */
  waiting(number: number): Waiting | null {
    const item = this.item(number);
    const message = item === null ? null : this.message(item);
    return item === null || message === null ? null : { item, message };
  }

  #read<T>(item: number, read: () => T | null): T | null {
    try {
      return read();
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      if (failure.temporary) this.again(item);
      else this.#tell(item, describeError(failure));
      return null;
    }
  }

  #tell(item: number, error: string): void {
    if (this.#unreadable.has(item)) return;
    this.log.error("queue item unreadable", { item, error, hint: `delete it by number: queue delete ${item}` });
    if (this.#unreadable.size < UNREADABLE_MAX) this.#unreadable.add(item);
  }
}
