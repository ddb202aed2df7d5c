import { asFailure, byteLength, type Cancel, concat, describeError, RenewedMap, RenewedSet } from "../../base/mod.ts";
import type { DeliveryReport, QueueProtocol, QueueVerb } from "../../messages/mod.ts";
import type { EnqueueInput, ItemChange, ScheduleRow, StoredItem } from "../../storage/mod.ts";
import { NOT_TAKEN, tryOnce } from "./attempt.ts";
import type { Attempt, Forward } from "./attempt_types.ts";
import { type Concluded, noteAttempt } from "./attempt_log.ts";
import { BodyCache } from "./body_cache.ts";
import type { Destination } from "./destination.ts";
import { byDestination } from "./destination_name.ts";
import { Dispatcher } from "./dispatcher.ts";
import { DueHeap } from "./due_heap.ts";
import type { ReadyItem } from "./ready_items.ts";
import { signReport } from "./report_signing.ts";
import { reportMail, reportMails } from "./reporting.ts";
import { QueueRows, type Waiting } from "./rows.ts";
import type { QueueServices } from "./services.ts";
import { sameForAll, settle, type Settlement } from "./settle.ts";
import { suspensionsLeft } from "./suspensions.ts";
import { fits, GIVEN_UP, nextOf } from "./verbs.ts";
import { PatientWriter } from "./writer.ts";

/** Bytes of accepted mails kept for their first attempt. */
const BODY_CACHE_BYTES = 64 * 1024 * 1024;
/** Due items taken up, rows loaded and waiting ones deferred in one turn. */
const DUE_PER_TURN = 500;
const LOAD_PER_TURN = 10_000;
const DEFER_PER_TURN = 200;
/** Pause before an item is tried whose worker was away, in ms; doubled each time, and after so many times it was an attempt. */
const AGAIN_MS = 1_000;
const AGAIN_MAX = 6;
/** Items whose worker was away that are counted. */
const COUNTED_MAX = 10_000;
/** Destinations and recipients that a line of the log names. */
const SHOWN_MAX = 10;
/** Pause before something is looked at again that could not be read or was not taken, in ms. */
const LOOK_AGAIN_MS = 60_000;
/** The timer is set anew at least this often, in ms: timers hold 31 bits. */
const TIMER_MS_MAX = 3_600_000;

/** How the engine asks for turns of its actor. */
export interface Turns {
  tick(delayMs: number): Cancel;
  load(delayMs: number): void;
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
  readonly #offered = new RenewedSet<number>();
  /** Items being tried or changed, and what an operator wants done with them then. */
  readonly #busy = new RenewedMap<number, QueueVerb | null>();
  readonly #idle = new Set<() => void>();
  /** How often in a row an item's worker was away. */
  readonly #away = new Map<number, number>();
  readonly #writer: PatientWriter;
  readonly rows: QueueRows;
  /** Items up to this one were taken up from the disk; null: all. */
  #loaded: number | null = 0;
  /** The highest number that any item has had. */
  #newest = 0;
  #attempts = { delivered: 0, deferred: 0, failed: 0 };
  #held = 0;
  #timer: Cancel = () => {};
  /** What the timer is set to, in queue time. */
  #timerMs: number | null = null;
  #draining = false;
  #stopped = false;

  constructor(readonly services: QueueServices, private readonly turns: Turns) {
    this.#dispatcher = new Dispatcher(services.dispatch);
    this.#writer = new PatientWriter(services);
    this.rows = new QueueRows(services.store, services.log, (item) => {
      this.#heap.push(services.store.nowMs() + LOOK_AGAIN_MS, item);
    });
    for (const { destination, untilMs } of suspensionsLeft(services.store, this.#writer, services.log)) {
      this.#leaveAlone(destination, untilMs);
    }
    turns.load(0);
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher;
  }
  get held(): number {
    return this.#held;
  }
  get newest(): number {
    return this.#newest;
  }
  /** Recipients by how their attempts ended, since the start. */
  get attempts(): Readonly<Settlement["counts"]> {
    return this.#attempts;
  }
  get writer(): PatientWriter {
    return this.#writer;
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
    const { store, clock, log } = this.services;
    const nowMs = store.nowMs();
    const dueMs = envelope.releaseAtMs === null ? nowMs : nowMs + Math.max(0, envelope.releaseAtMs - clock.wallMs());
    const shares = byDestination(recipients, each === true ? 1 : undefined).map((share) => ({ ...share, dueMs }));
    const { items, known } = await this.#writer.once(() => store.enqueue({ opId, envelope, parts, items: shares }));
    log.debug("queued", { id: envelope.id, destinations: shares.slice(0, SHOWN_MAX).map((one) => one.destination) });
    if (!known && dueMs <= nowMs) {
      this.#bodies.keep(items[0]!.message, parts, items.length);
      const message = { message: items[0]!.message, envelope, size: byteLength(parts), createdMs: nowMs };
      for (const item of items) this.rows.remember({ item, message });
    }
    this.#take(items);
  }

  /** Items that were just written: they are due as their rows say. */
  #take(items: readonly StoredItem[]): void {
    for (const { item, dueMs } of items) {
      this.#newest = Math.max(this.#newest, item);
      this.#heap.push(dueMs, item);
    }
    this.tick();
  }

  /** Takes up one more page of what an earlier life left. */
  load(): void {
    if (this.#loaded === null || this.#stopped) return;
    const rows = this.#page(this.#loaded);
    if (rows === null) return this.turns.load(LOOK_AGAIN_MS);
    for (const { item, dueMs, held } of rows) {
      if (held) this.#held++;
      else this.#heap.push(dueMs, item);
    }
    const last = rows.at(-1)?.item ?? this.#loaded;
    this.#newest = Math.max(this.#newest, last);
    this.#loaded = rows.length < LOAD_PER_TURN ? null : last;
    if (this.#loaded === null) {
      this.services.log.info("queue loaded", { ...this.services.store.counts(), held: this.#held });
    } else this.turns.load(0);
    this.tick();
  }

  /** Null when it cannot be read, which is no reason not to work on what can. */
  #page(after: number): readonly ScheduleRow[] | null {
    try {
      return this.services.store.schedule(after, LOAD_PER_TURN);
    } catch (error) {
      if (asFailure(error) === null) throw error;
      this.services.log.error("queue cannot be loaded", { after, error: describeError(error) });
      return null;
    }
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
    const item = this.rows.item(number);
    if (item === null || item.held || item.dueMs > nowMs) return;
    if (this.#dispatcher.offer(item.destination, { item: number, ready: () => this.#ready(item) }, nowMs)) {
      this.#offered.add(number);
    }
  }

  #ready(item: StoredItem): ReadyItem | null {
    const message = this.rows.message(item);
    if (message === null) return null;
    const { account, sender, priority } = message.envelope;
    return { item: item.item, sender: account ?? sender, priority };
  }

  readonly #sort = (number: number): ReadyItem | null => {
    const item = this.rows.item(number);
    const ready = item === null || item.held ? null : this.#ready(item);
    if (ready === null) this.#offered.delete(number);
    return ready;
  };

  /** Nothing is tried whose end could not be written down: it would be tried again after a crash. */
  #mayBegin(): boolean {
    const { attemptsMax } = this.services.dispatch;
    return !this.#draining && this.#writer.refused("change") === 0 && this.#writer.refused("mail") < attemptsMax;
  }

  #pump(): void {
    if (this.#stopped || !this.#mayBegin()) return;
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
    const found = this.#busy.has(number) ? null : this.rows.waiting(number);
    if (found === null || found.item.held || found.item.dueMs > nowMs) {
      return this.#dispatcher.ended(destination, nowMs);
    }
    this.#busy.set(number, null);
    void this.#run(found, destination);
  }

  async #run(found: Waiting, destination: Destination): Promise<void> {
    const { item } = found;
    const parts = this.#parts(found);
    if (!Array.isArray(parts)) {
      this.#dispatcher.ended(destination, this.services.store.nowMs());
      if (parts === "never") return await this.#hold(item);
      return this.#done(item.item, this.services.store.nowMs() + LOOK_AGAIN_MS);
    }
    const attempt: Attempt = { ...found, parts };
    const startMs = this.services.store.nowMs();
    const result = await tryOnce(attempt, this.services);
    if (this.#stopped) return;
    const nowMs = this.services.store.nowMs();
    const againMs = result.type === "later" ? this.#againMs(item.item) : null;
    if (againMs !== null) {
      this.#dispatcher.ended(destination, nowMs);
      return this.#done(item.item, nowMs + againMs);
    }
    this.#away.delete(item.item);
    const { report, forwards } = result.type === "later"
      ? { report: sameForAll(item.recipients.length, NOT_TAKEN), forwards: [] }
      : result;
    const isDown = report.destinationFault && this.#dispatcher.faulted(destination, nowMs);
    if (report.outcomes.some(({ action }) => action !== "deferred")) destination.wentWell(nowMs - startMs);
    this.#dispatcher.ended(destination, nowMs);
    if (isDown) void this.#deferWaiting(destination, report);
    this.#pump();
    await this.#forward(attempt, forwards);
    await this.#conclude([{ ...found, report }]);
  }

  /** Pause after a worker was away; null when that was so often that it counts as an attempt. */
  #againMs(item: number): number | null {
    const times = this.#away.get(item) ?? 0;
    if (times >= AGAIN_MAX) return null;
    if (times > 0 || this.#away.size < COUNTED_MAX) this.#away.set(item, times + 1);
    return AGAIN_MS * 2 ** times;
  }

  /** The mail behind an item, or whether its bytes can be had `later` or `never`, which only an operator can mend. */
  #parts({ item, message }: Waiting): readonly Uint8Array[] | "later" | "never" {
    try {
      return this.#bodies.use(item.message) ?? [this.services.store.body(item.message)];
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      this.services.log.error("mail unreadable", { id: message.envelope.id, error: describeError(failure) });
      return failure.temporary ? "later" : "never";
    }
  }

  async #hold(item: StoredItem): Promise<void> {
    const change = { item: item.item, next: { ...item, held: true } };
    await this.#writer.write("change", () => this.services.store.change([change]));
    this.#countHeld(item.item, 1);
    this.#done(item.item, null);
  }

  /** Items that are not taken up yet are counted when they are. */
  #countHeld(item: number, more: number): void {
    if (this.#loaded === null || item <= this.#loaded) this.#held += more;
  }

  /** Aliases here may lead elsewhere: those addresses become items of their own. */
  async #forward({ message, parts }: Attempt, forwards: readonly Forward[]): Promise<void> {
    const { store } = this.services;
    for (const { opId, sender, recipients } of forwards) {
      const items = byDestination(recipients).map((share) => ({ ...share, dueMs: store.nowMs() }));
      await this.#keep({ opId, envelope: { ...message.envelope, sender }, parts, items });
    }
  }

  /** A mail of our own making, durable when it resolves. */
  async #keep(mail: EnqueueInput): Promise<void> {
    const kept = await this.#writer.write("mail", () => this.services.store.enqueue(mail));
    if (kept !== null) this.#take(kept.items);
  }

  /** What attempts brought, made durable: first the reports to the senders, then the items. */
  async #conclude(ended: readonly Concluded[]): Promise<void> {
    const { store, policy, random, clock } = this.services;
    const context = { policy, random, nowMs: store.nowMs(), wallMs: clock.wallMs() };
    const changes: ItemChange[] = [];
    const reports: EnqueueInput[] = [];
    for (const one of ended) {
      const settlement = settle(one.item, one.message, one.report, context);
      if (settlement.notices.length > 0 && this.#isPutBack(one, settlement)) {
        this.#done(one.item.item, context.nowMs + LOOK_AGAIN_MS);
        continue;
      }
      for (const end of ["delivered", "deferred", "failed"] as const) this.#attempts[end] += settlement.counts[end];
      noteAttempt(one, settlement, this.services);
      if (settlement.notices.length > 0) {
        const of = { ...one, remoteMta: one.report.host?.name ?? null };
        reports.push(...reportMails(of, settlement.notices, () => this.#original(one), this.services));
      }
      changes.push({ item: one.item.item, next: settlement.next });
    }
    if (changes.length === 0) return;
    await Promise.all(reports.map(async (report) => this.#keep(await signReport(report, this.services))));
    const written = await this.#writer.write("change", () => store.change(changes).then(() => true));
    for (const { item, next } of changes) {
      this.#done(item, written === null ? store.nowMs() + LOOK_AGAIN_MS : next?.dueMs ?? null);
    }
  }

  /** A full disk takes no report: what nobody has got is left as if it had not been tried, so that others can make room. */
  #isPutBack({ report: { outcomes } }: Concluded, { counts }: Settlement): boolean {
    const health = this.services.store.health();
    return health !== "ok" && health.kind === "disk_full" && counts.delivered === 0 && outcomes[0] !== GIVEN_UP;
  }

  /** Reports what became of a mail here, delivered or sent on. Rejects with the store's Failure. */
  async reportSuccess(request: QueueProtocol["queue.report"]["request"]): Promise<void> {
    const { action, envelope, recipients, parts } = request;
    const text = action === "delivered" ? "delivered to the mailbox" : "sent on to several addresses";
    const outcome = { action: "delivered", code: null, status: "2.0.0", text } as const;
    const mail = reportMail({
      id: `${envelope.id}${action === "delivered" ? "rs" : "re"}`,
      envelope,
      arrivedMs: this.services.store.nowMs(),
      remoteMta: null,
      notices: recipients.map((recipient) => ({ recipient, action, outcome })),
      original: concat(parts),
    }, this.services);
    const signed = await signReport(mail, this.services);
    this.#take((await this.#writer.once(() => this.services.store.enqueue(signed))).items);
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

  /** A destination is down: what waits for it fares as the last attempt did, without one of its own. */
  async #deferWaiting(destination: Destination, { outcomes }: DeliveryReport): Promise<void> {
    const outcome = outcomes[0]!;
    while (!this.#stopped && this.#mayBegin()) {
      const waiting = this.#dispatcher.drain(destination, DEFER_PER_TURN, this.#sort);
      if (waiting.length === 0) return;
      const ended: Concluded[] = [];
      for (const number of waiting) {
        this.#offered.delete(number);
        const found = this.#busy.has(number) ? null : this.rows.waiting(number);
        if (found === null || found.item.held) continue;
        this.#busy.set(number, null);
        ended.push({ ...found, report: sameForAll(found.item.recipients.length, outcome, true) });
      }
      if (ended.length > 0) await this.#conclude(ended);
    }
  }

  /** An item is at rest again: due when said, or (null) not any more. */
  #done(number: number, dueMs: number | null): void {
    if (this.#stopped) return;
    const wish = this.#busy.get(number) ?? null;
    this.#busy.delete(number);
    this.rows.forget(number);
    if (dueMs !== null) this.#heap.push(dueMs, number);
    else this.#away.delete(number);
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
    this.rows.forget(number);
    if (verb === "delete" && this.rows.isUnreadable(number)) return await this.#remove(number);
    const found = this.rows.waiting(number);
    if (found === null || !fits(found.item, verb)) return false;
    const { item } = found;
    this.#busy.set(number, null);
    if (verb === "bounce") {
      if (item.held) this.#countHeld(number, -1);
      await this.#conclude([{ ...found, report: sameForAll(item.recipients.length, GIVEN_UP) }]);
      return true;
    }
    const next = nextOf(item, verb, this.services.store.nowMs());
    await this.#writer.write("change", () => this.services.store.change([{ item: number, next }]));
    this.#countHeld(number, (next?.held === true ? 1 : 0) - (item.held ? 1 : 0));
    const known = this.#dispatcher.known(item.destination);
    if (verb === "retry" && known !== null) {
      known.restUntilMs = 0;
      this.#dispatcher.rouse(known);
    }
    this.#done(number, next === null || next.held ? null : next.dueMs);
    return true;
  }

  /** An item that cannot be read can still be deleted. */
  async #remove(number: number): Promise<boolean> {
    await this.#writer.write("change", () => this.services.store.change([{ item: number, next: null }]));
    this.rows.deleted(number);
    return true;
  }

  /** Leaves a destination alone for so long, or (0) until it is resumed; durable when it resolves. */
  async suspend(domain: string, forMs: number): Promise<void> {
    const { store } = this.services;
    const untilMs = forMs === 0 ? null : store.nowMs() + forMs;
    await this.#writer.once(() => store.suspend(domain, untilMs));
    this.#leaveAlone(domain, untilMs);
  }

  async resume(domain: string): Promise<void> {
    await this.#writer.once(() => this.services.store.resume(domain));
    this.#leaveAlone(domain, 0);
    this.tick();
  }

  #leaveAlone(name: string, untilMs: number | null): void {
    const nowMs = this.services.store.nowMs();
    const destination = this.#dispatcher.destination(name, nowMs);
    destination.suspendedUntilMs = untilMs ?? Infinity;
    this.#dispatcher.rouse(destination);
    this.#dispatcher.forget(destination, nowMs);
  }

  /** The timer has rung. */
  rang(): void {
    this.#timerMs = null;
    this.tick();
  }

  #arm(): void {
    const firstMs = Math.min(this.#heap.nextMs() ?? Infinity, this.#dispatcher.nextWakeMs() ?? Infinity);
    const nextMs = firstMs === Infinity ? null : firstMs;
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

  /** What is under way is forgotten; its items are due as the disk says. Resolves when nothing more will be written. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer();
    return this.#writer.stop();
  }
}
