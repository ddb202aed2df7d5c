import { type Clock, concat, Failure } from "../../base/mod.ts";
import type { OutgoingEnvelope } from "../../mail/envelope.ts";
import { type EnqueueChange, enqueueChange, itemChange, suspendChange, type Until } from "./change.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./limits.ts";
import { QueueTime } from "./queue_time.ts";
import type {
  EnqueueInput,
  ItemChange,
  QueueProblem,
  QueueStore,
  ScheduleRow,
  StoredItem,
  StoredMessage,
  Suspension,
} from "./types.ts";
import { keptState } from "./values.ts";

export interface MemoryQueueOptions {
  readonly clock: Clock;
  readonly defer?: (run: () => void) => void;
  readonly limits?: Partial<QueueLimits>;
}

/** A queue that forgets everything with the process: for tests and simulations of what stands above the store. */
export function createMemoryQueueStore(options: MemoryQueueOptions): QueueStore {
  return new MemoryQueueStore(options);
}

interface Mail {
  readonly stored: StoredMessage;
  readonly bytes: Uint8Array;
  readonly items: readonly number[];
}

/** The plainest queue that keeps the contract: one change at a time, everything in maps. opIds are never forgotten. */
class MemoryQueueStore implements QueueStore {
  readonly #mails = new Map<number, Mail>();
  readonly #items = new Map<number, StoredItem>();
  readonly #ops = new Map<string, readonly number[]>();
  readonly #suspended = new Map<string, number | null>();
  readonly #limits: QueueLimits;
  readonly #defer: (run: () => void) => void;
  readonly #time: QueueTime;
  #messageNext = 1;
  #itemNext = 1;
  #waiting: (() => void)[] = [];
  #closed = false;
  constructor(options: MemoryQueueOptions) {
    this.#limits = { ...DEFAULT_QUEUE_LIMITS, ...options.limits };
    this.#defer = options.defer ?? ((run) => void setImmediate(run));
    this.#time = new QueueTime(options.clock, null);
  }
  nowMs(): number {
    return this.#time.nowMs();
  }
  async enqueue(input: EnqueueInput): Promise<{ items: readonly StoredItem[]; known: boolean }> {
    const change = enqueueChange(input, this.#limits);
    return await this.#later(() => this.#enqueue(change));
  }
  async change(changes: readonly ItemChange[]): Promise<void> {
    const plain = itemChange(changes, this.#limits);
    if (plain.kind !== "change") return;
    await this.#later(() => plain.changes.forEach((change) => this.#change(change)));
  }
  async suspend(destination: string, untilMs: number | null): Promise<void> {
    const plain = suspendChange(destination, untilMs ?? "forever");
    if (plain.kind === "suspend") await this.#later(() => this.#suspend(destination, plain.until));
  }
  async resume(destination: string): Promise<void> {
    suspendChange(destination, "resume");
    await this.#later(() => this.#suspended.delete(destination));
  }
  suspensions(): readonly Suspension[] {
    this.#assertOpen();
    return [...this.#suspended].map(([destination, untilMs]) => ({ destination, untilMs }))
      .sort((a, b) => a.destination < b.destination ? -1 : 1);
  }
  item(item: number): StoredItem | null {
    this.#assertOpen();
    return this.#items.get(item) ?? null;
  }
  message(message: number): StoredMessage | null {
    this.#assertOpen();
    return this.#mails.get(message)?.stored ?? null;
  }
  body(message: number): Uint8Array {
    this.#assertOpen();
    const mail = this.#mails.get(message);
    if (mail === undefined) throw new Failure("not_found", "the mail is gone from the queue");
    return mail.bytes.slice();
  }
  schedule(after: number, limit: number): readonly ScheduleRow[] {
    return this.#rising(limit, ({ item }) => item > after).map(({ item, dueMs, held }) => ({ item, dueMs, held }));
  }
  itemsOf(destination: string, after: number, limit: number): readonly number[] {
    return this.#rising(limit, (one) => one.destination === destination && one.item > after).map(({ item }) => item);
  }
  itemsOfMail(id: string): readonly number[] {
    const { rowsMax } = this.#limits;
    return this.#rising(rowsMax, (one) => this.#mails.get(one.message)?.stored.envelope.id === id)
      .map(({ item }) => item);
  }
  counts(): { readonly items: number; readonly messages: number; readonly bytes: number } {
    let bytes = 0;
    for (const { stored } of this.#mails.values()) bytes += stored.size;
    return { items: this.#items.size, messages: this.#mails.size, bytes };
  }
  health(): "ok" {
    return "ok";
  }
  async *verify(): AsyncIterable<QueueProblem> {
    // Nothing in memory can differ from itself.
  }
  async close(): Promise<void> {
    if (!this.#closed) await this.#later(() => {});
    this.#closed = true;
  }
  #enqueue({ opId, envelope, parts, size, items }: EnqueueChange): { items: StoredItem[]; known: boolean } {
    const known = this.#ops.get(opId);
    if (known !== undefined) return { items: known.flatMap((item) => this.#items.get(item) ?? []), known: true };
    const message = this.#messageNext++;
    const added = items.map(({ destination, state }): StoredItem => {
      return { item: this.#itemNext++, message, destination, ...state };
    });
    for (const item of added) this.#items.set(item.item, item);
    const numbers = added.map(({ item }) => item);
    const stored = { message, envelope: copyOf(envelope), size, createdMs: this.nowMs() };
    this.#mails.set(message, { stored, bytes: concat(parts), items: numbers });
    this.#ops.set(opId, numbers);
    return { items: added, known: false };
  }
  #change({ item, next }: ItemChange): void {
    const was = this.#items.get(item);
    if (was === undefined) return;
    if (next !== null) return void this.#items.set(item, { ...was, ...keptState(next, this.#limits) });
    this.#items.delete(item);
    const mail = this.#mails.get(was.message);
    if (mail !== undefined && !mail.items.some((one) => this.#items.has(one))) this.#mails.delete(was.message);
  }
  #suspend(destination: string, until: Until): void {
    if (!this.#suspended.has(destination) && this.#suspended.size >= this.#limits.suspensionsMax) {
      throw new Failure("busy", "too many destinations are suspended");
    }
    this.#suspended.set(destination, typeof until === "number" ? until : null);
  }
  #rising(limit: number, fits: (item: StoredItem) => boolean): StoredItem[] {
    this.#assertOpen();
    const count = Math.max(0, Math.min(Math.floor(limit) || 0, this.#limits.rowsMax));
    const found: StoredItem[] = [];
    // A map keeps the order of insertion, and numbers rise.
    for (const item of this.#items.values()) {
      if (found.length >= count) break;
      if (fits(item)) found.push(item);
    }
    return found;
  }
  /** Runs a change after the present turn, in order, as a store with a disk would. */
  #later<T>(change: () => T): Promise<T> {
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(change());
        } catch (error) {
          reject(error);
        }
      });
      if (this.#waiting.length === 1) this.#defer(() => this.#waiting.splice(0).forEach((run) => run()));
    });
  }
  #assertOpen(): void {
    if (this.#closed) throw new Failure("closed", "the store is closed");
  }
}

/** As it would be read again. */
function copyOf(envelope: OutgoingEnvelope): OutgoingEnvelope {
  return JSON.parse(JSON.stringify(envelope));
}
