import { describeError, Failure } from "../../base/mod.ts";
import type { QueueEntry, QueueFilter, QueueProtocol, QueueShapeRow, QueueSummary } from "../../messages/mod.ts";
import type { StoredItem, StoredMessage } from "../../storage/mod.ts";
import type { QueueEngine } from "./engine.ts";

/** Items changed at a time: their changes share a flush. */
const ACT_AT_ONCE = 200;
/** Items looked at in one turn. */
const LOOK_PER_TURN = 500;
/** Destinations that `shape` tells apart; the others are summed up. */
const SHAPE_ROWS_MAX = 1_000;
/** Resting destinations that `summary` names; the others are counted. */
const RESTING_MAX = 20;
/** Upper ends of the age classes of `shape`, in minutes; the last one is open. */
const AGES_MINUTES = [5, 10, 20, 40, 80, 160, 320, 640, 1_280] as const;

type Request<K extends keyof QueueProtocol> = QueueProtocol[K]["request"];

/** What operators see and do. Long walks go on beside the inbox, in steps. */
export class QueueOperator {
  #last: StoredMessage | null = null;

  constructor(private readonly engine: QueueEngine, private readonly pause: () => Promise<void>) {}

  async list({ filter, after, limit }: Request<"queue.list">): Promise<QueueProtocol["queue.list"]["reply"]> {
    const entries: QueueEntry[] = [];
    for await (const item of this.#matching(filter, after)) {
      if (entries.length === limit) return { entries, next: entries[limit - 1]!.item };
      entries.push(this.#entry(item));
    }
    return { entries, next: null };
  }

  async act({ verb, filter, dryRun }: Request<"queue.act">): Promise<{ items: number }> {
    if (filter.all !== true && filter.id === undefined && filter.domain === undefined && filter.sender === undefined) {
      throw new Failure("invalid", "say which items are meant: by id, domain or sender, or all of them");
    }
    if (!this.engine.isLoaded) throw new Failure("busy", "the queue is being loaded");
    // Reports that come of it are not meant: who was to hear of a mail that is given up must hear of it.
    const { newest } = this.engine;
    let items = 0;
    let group: Promise<boolean>[] = [];
    const count = async () => {
      for (const fitted of await Promise.all(group)) if (fitted) items++;
      group = [];
    };
    for await (const { item, held } of this.#matching(filter, 0)) {
      if (item > newest) break;
      if (dryRun) items += (verb === "release") === held || verb === "bounce" || verb === "delete" ? 1 : 0;
      else if (group.push(this.engine.operate(item, verb)) === ACT_AT_ONCE) await count();
    }
    await count();
    if (verb === "delete" && /^\d{1,15}$/.test(filter.id ?? "")) {
      items += await this.#deleteUnreadable(Number(filter.id), dryRun);
    }
    return { items };
  }

  async #deleteUnreadable(item: number, dryRun: boolean): Promise<number> {
    if (!this.engine.rows.isUnreadable(item)) return 0;
    return dryRun || await this.engine.operate(item, "delete") ? 1 : 0;
  }

  summary(): QueueSummary {
    const { store, clock } = this.engine.services;
    const nowMs = store.nowMs();
    const { items, bytes } = store.counts();
    const first = store.schedule(0, 1)[0];
    const createdMs = first === undefined ? nowMs : this.engine.rows.waiting(first.item)?.message.createdMs ?? nowMs;
    const suspended = [...this.engine.dispatcher.suspended(nowMs)].map(({ name, suspendedUntilMs: untilMs }) => ({
      domain: name,
      until: untilMs === Infinity ? null : new Date(clock.wallMs() + untilMs - nowMs).toISOString(),
    }));
    const resting = [...this.engine.dispatcher.resting(nowMs)];
    const { count, ms } = this.engine.writer.durable;
    return {
      items,
      active: this.engine.dispatcher.active,
      ready: this.engine.dispatcher.waiting,
      held: this.engine.held,
      bytes,
      oldestSeconds: Math.round((nowMs - createdMs) / 1_000),
      suspended,
      resting: resting.sort((a, b) => b.waiting - a.waiting || (a.name < b.name ? -1 : 1)).slice(0, RESTING_MAX).map(
        ({ name, restUntilMs, faults, waiting }) => ({
          domain: name,
          until: new Date(clock.wallMs() + restUntilMs - nowMs).toISOString(),
          faults,
          waiting,
        }),
      ),
      restingCount: resting.length,
      attempts: { ...this.engine.attempts },
      commits: { count, seconds: ms / 1_000 },
      trouble: this.#trouble(),
    };
  }

  /** The worst of what is wrong, in words. */
  #trouble(): string | null {
    const { services: { store }, writer, rows } = this.engine;
    const health = store.health();
    if (health !== "ok") return describeError(health);
    const refused = writer.refused("change") + writer.refused("mail");
    if (refused > 0) return `${refused} changes wait for the disk`;
    return rows.unreadable > 0 ? `${rows.unreadable} items cannot be read, see the log` : null;
  }

  async shape(): Promise<{ rows: QueueShapeRow[] }> {
    const { store } = this.engine.services;
    const rows = new Map<string, number[]>();
    const nowMs = store.nowMs();
    for await (const item of this.#matching({ all: true }, 0)) {
      const minutes = (nowMs - (this.#message(item)?.createdMs ?? nowMs)) / 60_000;
      const found = AGES_MINUTES.findIndex((end) => minutes < end);
      const age = found < 0 ? AGES_MINUTES.length : found;
      const name = rows.has(item.destination) || rows.size < SHAPE_ROWS_MAX ? item.destination : "(others)";
      const ages = rows.get(name) ?? new Array<number>(AGES_MINUTES.length + 1).fill(0);
      ages[age]!++;
      rows.set(name, ages);
    }
    const shaped = [...rows].map(([destination, ages]) => ({
      destination,
      total: ages.reduce((sum, count) => sum + count, 0),
      ages,
    }));
    return { rows: shaped.sort((a, b) => b.total - a.total || (a.destination < b.destination ? -1 : 1)) };
  }

  /** Items that fit, by rising number, from above `after`; each as it is when its turn comes. */
  async *#matching(filter: QueueFilter, after: number): AsyncGenerator<StoredItem> {
    const { rows } = this.engine;
    for await (const number of this.#numbers(filter, after)) {
      const item = rows.item(number);
      if (item === null) continue;
      if (filter.domain !== undefined && item.destination !== filter.domain) continue;
      if (filter.sender !== undefined && this.#message(item)?.envelope.sender !== filter.sender) continue;
      yield item;
    }
  }

  /** The mail behind an item. Items of one mail lie side by side, and a mail does not change: it is read once. */
  #message(item: StoredItem): StoredMessage | null {
    if (this.#last?.message !== item.message) this.#last = this.engine.rows.message(item);
    return this.#last;
  }

  async *#numbers({ id, domain }: QueueFilter, after: number): AsyncGenerator<number> {
    const { store } = this.engine.services;
    if (id !== undefined) {
      const numbers = /^\d{1,15}$/.test(id) ? [Number(id)] : [...store.itemsOfMail(id)];
      return yield* numbers.filter((number) => number > after);
    }
    for (let last = after;;) {
      const page = domain === undefined
        ? store.schedule(last, LOOK_PER_TURN).map(({ item }) => item)
        : store.itemsOf(domain, last, LOOK_PER_TURN);
      yield* page;
      if (page.length < LOOK_PER_TURN) return;
      last = page[page.length - 1]!;
      await this.pause();
    }
  }

  #entry(item: StoredItem): QueueEntry {
    const { store, clock } = this.engine.services;
    const nowMs = store.nowMs();
    const at = (queueMs: number) => new Date(clock.wallMs() + queueMs - nowMs).toISOString();
    const restMs = this.engine.dispatcher.known(item.destination)?.restUntilMs ?? 0;
    const message = this.engine.rows.message(item);
    return {
      item: item.item,
      id: message?.envelope.id ?? "",
      sender: message?.envelope.sender ?? "",
      destination: item.destination,
      recipients: item.recipients.map(({ address, last }) => ({
        address,
        status: last?.status ?? null,
        text: last === null ? null : `${last.code === null ? "" : `${last.code} `}${last.text}`,
      })),
      size: message?.size ?? 0,
      priority: message?.envelope.priority ?? 0,
      createdAt: at(message?.createdMs ?? nowMs),
      dueAt: at(item.held || restMs <= nowMs ? item.dueMs : Math.max(item.dueMs, restMs)),
      state: this.#state(item, nowMs),
      attempts: item.attempts,
      notes: item.notes.map(({ atMs, ...note }) => ({ at: at(atMs), ...note })),
    };
  }

  #state({ item, held, dueMs, destination }: StoredItem, nowMs: number): QueueEntry["state"] {
    if (this.engine.isActive(item)) return "active";
    if (held) return "held";
    const known = this.engine.dispatcher.known(destination);
    if ((known?.suspendedUntilMs ?? 0) > nowMs) return "suspended";
    if (dueMs > nowMs) return "waiting";
    return (known?.restUntilMs ?? 0) > nowMs ? "resting" : "due";
  }
}
