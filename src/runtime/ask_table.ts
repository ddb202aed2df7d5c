import { type Cancel, type Clock, Failure, RenewedMap } from "../base/mod.ts";
import { ASKS_PENDING_MAX } from "./limits.ts";
import type { ReplySink } from "./message.ts";

/** Deadlines that fall within this many ms of each other are served by one sweep. */
const SWEEP_GRAIN_MS = 10;

/** An ask that waits for its answer. */
export class PendingAsk implements ReplySink {
  #done = false;
  constructor(
    private readonly table: AskTable,
    readonly id: number,
    readonly worker: string,
    readonly what: string,
    readonly deadlineAt: number,
    private readonly resolve: (value: unknown) => void,
    private readonly reject: (failure: Failure) => void,
  ) {}
  ok(value: unknown): void {
    if (this.#finish()) this.resolve(value);
  }
  fail(failure: Failure): void {
    if (this.#finish()) this.reject(failure);
  }
  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.table.forget(this.id);
    return true;
  }
}

/**
 * The unanswered asks of one worker. There is no timer per ask: one timer stands at the earliest deadline, and a sweep
 * fails all that are overdue. Most asks are answered long before, so that the timer is hardly ever moved.
 */
export class AskTable {
  readonly #pending = new RenewedMap<number, PendingAsk>();
  #nextId = 1;
  #armedAt = Infinity;
  #cancel: Cancel | null = null;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#pending.size;
  }

  /** Makes room for an ask to `worker`; null when too many wait already. */
  open(
    worker: string,
    what: string,
    deadlineMs: number,
    resolve: (value: unknown) => void,
    reject: (failure: Failure) => void,
  ): PendingAsk | null {
    if (this.#pending.size >= ASKS_PENDING_MAX) return null;
    const id = this.#nextId++;
    const deadlineAt = this.clock.monotonicMs() + deadlineMs;
    const ask = new PendingAsk(this, id, worker, what, deadlineAt, resolve, reject);
    this.#pending.set(id, ask);
    if (deadlineAt < this.#armedAt) this.#arm(deadlineAt, deadlineMs);
    return ask;
  }

  get(id: number): PendingAsk | undefined {
    return this.#pending.get(id);
  }

  forget(id: number): void {
    this.#pending.delete(id);
  }

  /** Fails all asks to a worker that is gone. */
  failWorker(worker: string, failure: () => Failure): void {
    for (const ask of [...this.#pending.values()]) if (ask.worker === worker) ask.fail(failure());
  }

  /** Fails everything and stops the timer. */
  close(failure: () => Failure): void {
    for (const ask of [...this.#pending.values()]) ask.fail(failure());
    this.#cancel?.();
    this.#cancel = null;
    this.#armedAt = Infinity;
  }

  #arm(at: number, delayMs: number): void {
    this.#cancel?.();
    this.#armedAt = at;
    this.#cancel = this.clock.after(Math.max(1, delayMs), () => this.#sweep());
  }

  #sweep(): void {
    const now = this.clock.monotonicMs();
    let next = Infinity;
    for (const ask of [...this.#pending.values()]) {
      if (ask.deadlineAt <= now + 1) ask.fail(new Failure("deadline", `no answer to ${ask.what} in time`));
      else if (ask.deadlineAt < next) next = ask.deadlineAt;
    }
    this.#armedAt = Infinity;
    this.#cancel = null;
    if (next < Infinity) this.#arm(next, Math.max(SWEEP_GRAIN_MS, next - now));
  }
}
