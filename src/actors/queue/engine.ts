import { asFailure, assert, type Cancel, concat, describeError } from "../../base/mod.ts";
import type { DeliveryReport, QueueProtocol, QueueVerb } from "../../messages/mod.ts";
import type { ItemChange, ItemState, StoredItem, StoredMessage } from "../../storage/mod.ts";
import { type Attempt, tryOnce } from "./attempt.ts";
import { BodyCache } from "./body_cache.ts";
import type { Destination } from "./destination.ts";
import { byDestination } from "./destination_name.ts";
import { Dispatcher } from "./dispatcher.ts";
import { DueHeap } from "./due_heap.ts";
import type { Forward } from "./local_delivery.ts";
import type { ReadyItem } from "./ready_items.ts";
import { reportMail } from "./reporting.ts";
import type { QueueServices } from "./services.ts";
import { sameForAll, settle, type Settlement } from "./settle.ts";

/** Bytes of accepted mails kept for their first attempt. */
const BODY_CACHE_BYTES = 64 * 1024 * 1024;
/** Due items taken up, rows loaded and waiting ones deferred in one turn. */
const DUE_PER_TURN = 500;
const LOAD_PER_TURN = 10_000;
const DEFER_PER_TURN = 200;
/** Pause before an item is tried whose worker was away, and before a change is written that the disk refused, in ms. */
const AGAIN_MS = 1_000;
/** The timer is set anew at least this often, in ms: timers hold 31 bits. */
const TIMER_MS_MAX = 3_600_000;

/** An item that was tried, or given up, and how that went. */
export interface Concluded {
  readonly item: StoredItem;
  readonly message: StoredMessage;
  readonly report: DeliveryReport;
}

/** How the engine asks for turns of its actor. */
export interface Turns {
  tick(delayMs: number): Cancel;
  load(): void;
}

/**
 * The queue at work. Items that are not due lie in a heap of numbers; those that are wait in the line of their destination;
 * everything else about them is on the disk. Whatever an attempt brings is durable before the next one.
 */
export class QueueEngine {
  readonly #heap = new DueHeap();
  readonly #dispatcher: Dispatcher;
  readonly #bodies = new BodyCache(BODY_CACHE_BYTES);
  /** Items in the line of a destination. */
  readonly #offered = new Set<number>();
  /** Items being tried or changed, and what an operator wants done with them then. */
  readonly #busy = new Map<number, QueueVerb | null>();
  readonly #idle = new Set<() => void>();
  /** Items up to this one were taken up from the disk; null: all. */
  #loaded: number | null = 0;
  #held = 0;
  #timer: Cancel = () => {};
  /** What the timer is set to, in queue time. */
  #timerMs: number | null = null;
  #draining = false;
  #stopped = false;

  constructor(readonly services: QueueServices, private readonly turns: Turns) {
    this.#dispatcher = new Dispatcher(services.dispatch);
    for (const { destination, untilMs } of services.store.suspensions()) this.#leaveAlone(destination, untilMs);
    turns.load();
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher;
  }
  get held(): number {
    return this.#held;
  }
  /** Whether everything that an earlier life left has been taken up. */
  get isLoaded(): boolean {
    return this.#loaded === null;
  }
  isActive(item: number): boolean {
    return this.#busy.has(item);
  }

  /** Keeps a mail durably and sees to its delivery. Rejects with the store's Failure. */
  async enqueue({ opId, envelope, recipients, parts, each }: QueueProtocol["queue.enqueue"]["request"]): Promise<void> {
    const { store, clock } = this.services;
    const nowMs = store.nowMs();
    const dueMs = envelope.releaseAtMs === null ? nowMs : nowMs + Math.max(0, envelope.releaseAtMs - clock.wallMs());
    const shares = byDestination(recipients, each === true ? 1 : undefined).map((share) => ({ ...share, dueMs }));
    const { items, known } = await store.enqueue({ opId, envelope, parts, items: shares });
    if (!known && dueMs <= nowMs) this.#bodies.keep(items[0]!.message, parts, items.length);
    this.#take(items);
  }

  /** Items that were just written: they are due as their rows say. */
  #take(items: readonly StoredItem[]): void {
    for (const { item, dueMs } of items) this.#heap.push(dueMs, item);
    this.tick();
  }

  /** Takes up one more page of what an earlier life left. */
  load(): void {
    if (this.#loaded === null) return;
    const rows = this.services.store.schedule(this.#loaded, LOAD_PER_TURN);
    for (const { item, dueMs, held } of rows) {
      if (held) this.#held++;
      else this.#heap.push(dueMs, item);
    }
    this.#loaded = rows.length < LOAD_PER_TURN ? null : rows[rows.length - 1]!.item;
    if (this.#loaded === null) {
      this.services.log.info("queue loaded", { ...this.services.store.counts(), held: this.#held });
    } else this.turns.load();
    this.tick();
  }

  /** Brings what is due into line, and begins what may begin. */
  tick(): void {
    if (this.#stopped) return;
    const nowMs = this.services.store.nowMs();
    this.#dispatcher.wake(nowMs);
    for (let i = 0; i < DUE_PER_TURN; i++) {
      const entry = this.#heap.popDue(nowMs);
      if (entry === null) break;
      this.#offer(entry.item, nowMs);
    }
    this.#pump();
    this.#arm();
  }

  /** An entry of the heap holds as long as the item's row says that it is due. */
  #offer(number: number, nowMs: number): void {
    if (this.#offered.has(number) || this.#busy.has(number)) return;
    const item = this.services.store.item(number);
    if (item === null || item.held || item.dueMs > nowMs) return;
    this.#offered.add(number);
    this.#dispatcher.offer(item.destination, { item: number, ready: () => this.#ready(item) }, nowMs);
  }

  #ready(item: StoredItem): ReadyItem {
    const { envelope } = this.#message(item);
    return { item: item.item, sender: envelope.account ?? envelope.sender, priority: envelope.priority };
  }

  readonly #sort = (number: number): ReadyItem | null => {
    const item = this.services.store.item(number);
    if (item !== null && !item.held) return this.#ready(item);
    this.#offered.delete(number);
    return null;
  };

  #message({ item, message }: StoredItem): StoredMessage {
    const found = this.services.store.message(message);
    assert(found !== null, `item ${item} has a mail`);
    return found;
  }

  #pump(): void {
    if (this.#draining) return;
    const nowMs = this.services.store.nowMs();
    for (;;) {
      const next = this.#dispatcher.next(nowMs, this.#sort);
      if (next === null) return;
      this.#begin(next.item, next.destination, nowMs);
    }
  }

  #begin(number: number, destination: Destination, nowMs: number): void {
    this.#offered.delete(number);
    // What an operator did while it stood in line counts.
    const item = this.#busy.has(number) ? null : this.services.store.item(number);
    if (item === null || item.held || item.dueMs > nowMs) return this.#dispatcher.ended(destination, nowMs);
    this.#busy.set(number, null);
    void this.#run(item, destination);
  }

  async #run(item: StoredItem, destination: Destination): Promise<void> {
    const attempt = this.#attempt(item);
    if (attempt === null) {
      this.#dispatcher.ended(destination, this.services.store.nowMs());
      return await this.#hold(item);
    }
    const result = await tryOnce(attempt, this.services);
    if (this.#stopped) return;
    const nowMs = this.services.store.nowMs();
    if (result.type === "later") {
      this.#dispatcher.ended(destination, nowMs);
      this.#done(item.item, nowMs + AGAIN_MS);
      return;
    }
    const { report, forwards } = result;
    const isDown = report.destinationFault && this.#dispatcher.faulted(destination, nowMs);
    if (report.outcomes.some(({ action }) => action !== "deferred")) destination.wentWell();
    this.#dispatcher.ended(destination, nowMs);
    if (isDown) void this.#deferWaiting(destination, report);
    this.#pump();
    await this.#forward(attempt, forwards);
    await this.#conclude([{ item, message: attempt.message, report }]);
  }

  /** The mail behind an item; null when its bytes cannot be had, which only an operator can mend. */
  #attempt(item: StoredItem): Attempt | null {
    const message = this.#message(item);
    try {
      return { item, message, parts: this.#bodies.use(item.message) ?? [this.services.store.body(item.message)] };
    } catch (error) {
      if (asFailure(error) === null) throw error;
      this.services.log.error("mail unreadable", { id: message.envelope.id, error: describeError(error) });
      return null;
    }
  }

  async #hold(item: StoredItem): Promise<void> {
    await this.#write(() => this.services.store.change([{ item: item.item, next: { ...item, held: true } }]));
    this.#held++;
    this.#done(item.item, null);
  }

  /** Aliases here may lead elsewhere: those addresses become items of their own. */
  async #forward({ message, parts }: Attempt, forwards: readonly Forward[]): Promise<void> {
    const { store } = this.services;
    for (const { opId, addresses } of forwards) {
      const recipients = addresses.map((address) => ({ address, notify: null, orcpt: null }));
      const items = byDestination(recipients).map((share) => ({ ...share, dueMs: store.nowMs() }));
      const kept = await this.#write(() => store.enqueue({ opId, envelope: message.envelope, parts, items }));
      if (kept !== null) this.#take(kept.items);
    }
  }

  /** What attempts brought, made durable: first the reports to the senders, then the items. */
  async #conclude(ended: readonly Concluded[]): Promise<void> {
    const { store, policy, random, clock } = this.services;
    const context = { policy, random, nowMs: store.nowMs(), wallMs: clock.wallMs() };
    const changes: ItemChange[] = [];
    for (const one of ended) {
      const settlement = settle(one.item, one.message, one.report, context);
      this.#note(one, settlement);
      if (settlement.notices.length > 0) await this.#report(one, settlement);
      changes.push({ item: one.item.item, next: settlement.next });
    }
    await this.#write(() => store.change(changes));
    for (const { item, next } of changes) this.#done(item, next?.dueMs ?? null);
  }

  async #report(one: Concluded, settlement: Settlement): Promise<void> {
    const { item, message: { envelope, createdMs }, report } = one;
    const mail = reportMail({
      // Once for each attempt: asked again after a crash, it is the same report.
      id: `${envelope.id}r${item.item}x${item.attempts}`,
      envelope,
      arrivedMs: createdMs,
      remoteMta: report.host?.name ?? null,
      notices: settlement.notices,
      original: this.#original(one),
    }, this.services);
    const kept = await this.#write(() => this.services.store.enqueue(mail));
    if (kept !== null) this.#take(kept.items);
  }

  /** Reports a delivery to mailboxes here. Rejects with the store's Failure. */
  async reportDelivered({ envelope, recipients, parts }: QueueProtocol["queue.report"]["request"]): Promise<void> {
    const outcome = { action: "delivered", code: null, status: "2.0.0", text: "delivered to the mailbox" } as const;
    const mail = reportMail({
      id: `${envelope.id}rs`,
      envelope,
      arrivedMs: this.services.store.nowMs(),
      remoteMta: null,
      notices: recipients.map((recipient) => ({ recipient, action: "delivered", outcome })),
      original: concat(parts),
    }, this.services);
    this.#take((await this.services.store.enqueue(mail)).items);
  }

  /** The mail's bytes; none when they cannot be read, as a report without them is better than none. */
  #original({ message }: Concluded): Uint8Array {
    try {
      return this.services.store.body(message.message);
    } catch (error) {
      if (asFailure(error) === null) throw error;
      this.services.log.error("mail unreadable", { id: message.envelope.id, error: describeError(error) });
      return new Uint8Array(0);
    }
  }

  #note({ item, message, report }: Concluded, { counts, next }: Settlement): void {
    const { outcomes, host, tls } = report;
    const worst = outcomes.find(({ action }) => action === "failed") ?? outcomes[0]!;
    this.services.log.info("attempt", {
      id: message.envelope.id,
      item: item.item,
      destination: item.destination,
      host: host === null ? null : `${host.name} [${host.address}]`,
      tls,
      ...counts,
      code: worst.code,
      status: worst.status,
      reply: worst.text,
      nextInMs: next === null ? null : Math.round(next.dueMs - this.services.store.nowMs()),
    });
    if (counts.failed > 0 && message.envelope.sender === "") {
      this.services.log.warn("report undeliverable", { id: message.envelope.id, destination: item.destination });
    }
  }

  /** A destination is down: what waits for it fares as the last attempt did, without one of its own. */
  async #deferWaiting(destination: Destination, { outcomes }: DeliveryReport): Promise<void> {
    const outcome = outcomes[0]!;
    for (;;) {
      const waiting = this.#dispatcher.drain(destination, DEFER_PER_TURN, this.#sort);
      if (waiting.length === 0 || this.#stopped) return;
      const ended: Concluded[] = [];
      for (const number of waiting) {
        this.#offered.delete(number);
        const item = this.#busy.has(number) ? null : this.services.store.item(number);
        if (item === null || item.held) continue;
        this.#busy.set(number, null);
        const report = sameForAll(item.recipients.length, outcome, true);
        ended.push({ item, message: this.#message(item), report });
      }
      if (ended.length > 0) await this.#conclude(ended);
    }
  }

  /** Writes until the disk takes it: what an attempt brought must not be forgotten. Null when the queue stopped meanwhile. */
  async #write<T>(run: () => Promise<T>): Promise<T | null> {
    while (!this.#stopped) {
      try {
        return await run();
      } catch (error) {
        if (asFailure(error) === null) throw error;
        this.services.log.warn("queue cannot write", { error: describeError(error) });
        await new Promise<void>((resolve) => void this.services.clock.after(AGAIN_MS, resolve));
      }
    }
    return null;
  }

  /** An item is at rest again: due when said, or (null) not any more. */
  #done(number: number, dueMs: number | null): void {
    if (this.#stopped) return;
    const wish = this.#busy.get(number) ?? null;
    this.#busy.delete(number);
    if (dueMs !== null) this.#heap.push(dueMs, number);
    if (wish !== null) void this.operate(number, wish);
    this.tick();
    if (this.#busy.size === 0) { for (const wake of this.#idle) wake(); }
  }

  /**
   * Does what an operator wants with one item; durable when it resolves. An item that is being tried gets it afterwards. False
   * when the verb does not fit: the item is gone, or (not) held.
   */
  async operate(number: number, verb: QueueVerb): Promise<boolean> {
    if (this.#busy.has(number)) {
      this.#busy.set(number, verb);
      return true;
    }
    const item = this.services.store.item(number);
    if (item === null || !fits(item, verb)) return false;
    this.#busy.set(number, null);
    if (verb === "bounce") {
      if (item.held) this.#held--;
      const report = sameForAll(item.recipients.length, GIVEN_UP);
      await this.#conclude([{ item, message: this.#message(item), report }]);
      return true;
    }
    const next = nextOf(item, verb, this.services.store.nowMs());
    await this.#write(() => this.services.store.change([{ item: number, next }]));
    this.#held += (next?.held === true ? 1 : 0) - (item.held ? 1 : 0);
    const known = this.#dispatcher.known(item.destination);
    if (verb === "retry" && known !== null) known.restUntilMs = 0;
    this.#done(number, next === null || next.held ? null : next.dueMs);
    return true;
  }

  /** Leaves a destination alone for so long, or (0) until it is resumed; durable when it resolves. */
  async suspend(domain: string, forMs: number): Promise<void> {
    const { store } = this.services;
    const untilMs = forMs === 0 ? null : store.nowMs() + forMs;
    await store.suspend(domain, untilMs);
    this.#leaveAlone(domain, untilMs);
  }

  async resume(domain: string): Promise<void> {
    await this.services.store.resume(domain);
    this.#leaveAlone(domain, 0);
    this.tick();
  }

  #leaveAlone(name: string, untilMs: number | null): void {
    const nowMs = this.services.store.nowMs();
    const destination = this.#dispatcher.destination(name, nowMs);
    destination.suspendedUntilMs = untilMs ?? Infinity;
    this.#dispatcher.forget(destination, nowMs);
  }

  /** The timer has rung. */
  rang(): void {
    this.#timerMs = null;
    this.tick();
  }

  #arm(): void {
    const times = [this.#heap.nextMs(), this.#dispatcher.nextWakeMs()].filter((ms) => ms !== null);
    const nextMs = times.length === 0 ? null : Math.min(...times);
    if (nextMs === this.#timerMs) return;
    this.#timer();
    this.#timerMs = nextMs;
    if (nextMs === null) return;
    const delayMs = Math.ceil(nextMs - this.services.store.nowMs());
    this.#timer = this.turns.tick(Math.max(0, Math.min(TIMER_MS_MAX, delayMs)));
  }

  /** Begins nothing new; resolves when all that is under way has ended, or after `graceMs`. */
  drain(graceMs: number): Promise<void> {
    this.#draining = true;
    if (this.#busy.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#idle.delete(wake);
        resolve();
      };
      const cancel = this.services.clock.after(graceMs, wake);
      this.#idle.add(wake);
    });
  }

  /** What is under way is forgotten; its items are due as the disk says. */
  stop(): void {
    this.#stopped = true;
    this.#timer();
  }
}

const GIVEN_UP = {
  action: "failed",
  code: null,
  status: "5.0.0",
  text: "given up by an operator of this server",
} as const;

function fits({ held }: StoredItem, verb: QueueVerb): boolean {
  return verb === "release" ? held : verb === "hold" || verb === "retry" ? !held : true;
}

function nextOf(item: StoredItem, verb: Exclude<QueueVerb, "bounce">, nowMs: number): ItemState | null {
  switch (verb) {
    case "retry":
      return { ...item, dueMs: Math.min(item.dueMs, nowMs) };
    case "hold":
      return { ...item, held: true };
    case "release":
      return { ...item, held: false, dueMs: nowMs };
    case "delete":
      return null;
  }
}
