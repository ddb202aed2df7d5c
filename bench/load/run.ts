import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import { type Clock, systemClock } from "../../src/base/mod.ts";
import { type Dial, tcpDial } from "./dial.ts";
import { Letter } from "./letter.ts";
import { type LoadOptions, loadOptions } from "./options.ts";
import { OpenLoopSchedule } from "./schedule.ts";
import { envelopes, LoadSession, type SessionHost } from "./session.ts";
import { type LoadResult, Tally } from "./tally.ts";

/** What a run tells while it goes on. */
export type LoadEvent =
  | { readonly event: "window" } // The warm-up is over.
  | { readonly event: "progress"; readonly elapsedMs: number; readonly acknowledged: number; readonly failed: number }
  | { readonly event: "draining" };

/** Distance of the checks for silent servers, in ms. */
const SWEEP_MS = 250;

/** Runs the load in this process and resolves when it is over. */
export function runLoad(
  given: Partial<LoadOptions>,
  parts: { onEvent?: (event: LoadEvent) => void; dial?: Dial; clock?: Clock } = {},
): Promise<LoadResult> {
  const run = new LoadRun(loadOptions(given), parts);
  return run.go();
}

class LoadRun implements SessionHost {
  readonly #clock: Clock;
  readonly #tally: Tally;
  readonly #sessions: LoadSession[];
  readonly #idle = new Set<LoadSession>();
  readonly #onEvent: (event: LoadEvent) => void;
  readonly #ackFd: number | null;
  #alive: number;
  #serial = 0;
  #schedule: OpenLoopSchedule | null = null;
  #cancelTick: (() => void) | null = null;
  #state: "warm-up" | "window" | "draining" | "over" = "warm-up";
  readonly #cancels = new Set<() => void>();
  #resolve: (result: LoadResult) => void = () => {};

  constructor(
    private readonly options: LoadOptions,
    parts: { onEvent?: (event: LoadEvent) => void; dial?: Dial; clock?: Clock },
  ) {
    this.#clock = parts.clock ?? systemClock();
    this.#onEvent = parts.onEvent ?? (() => {});
    this.#tally = new Tally(options);
    this.#ackFd = options.ackFile === null ? null : openSync(options.ackFile, "a");
    const shared = { envelopes: envelopes(options), dial: parts.dial ?? tcpDial, host: this };
    const template = new Letter(options);
    this.#sessions = Array.from(
      { length: options.sessions },
      () => new LoadSession(options, { ...shared, letter: new Letter({ ...options, template }) }),
    );
    this.#alive = this.#sessions.length;
  }

  go(): Promise<LoadResult> {
    const { options } = this;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#tally.begin(this.nowMs(), process.cpuUsage());
      if (options.ratePerSecond !== null) {
        this.#schedule = new OpenLoopSchedule(this.nowMs(), options.ratePerSecond);
      }
      if (options.warmupMs === 0) this.#openWindow();
      else this.after(options.warmupMs, () => this.#openWindow());
      this.#every(SWEEP_MS, () => {
        const nowMs = this.nowMs();
        for (const session of this.#sessions) session.expire(nowMs);
      });
      if (options.progressMs > 0) this.#every(options.progressMs, () => this.#progress());
      for (const session of this.#sessions) session.start();
      this.#tick();
    });
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, run: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }

  next(session: LoadSession): number | null {
    if (this.#state === "draining" || this.#state === "over") return null;
    const { countMax } = this.options;
    if (countMax > 0 && this.#serial >= countMax) {
      // The window stays open for the messages under way: all of `countMax` belong to it.
      this.#finish();
      return null;
    }
    if (this.#schedule === null) return this.nowMs();
    const intendedMs = this.#schedule.take(this.nowMs());
    if (intendedMs === null) this.#idle.add(session);
    return intendedMs;
  }

  serial(): number {
    return this.#serial++;
  }

  connected(elapsedMs: number): void {
    this.#tally.connected(elapsedMs);
  }

  acknowledged(done: { id: string; recipient: number; intendedMs: number; sentMs: number; nowMs: number }): void {
    if (this.#ackFd !== null) writeSync(this.#ackFd, `${done.id} u${done.recipient}@${this.options.domain}\n`);
    this.#tally.acknowledged(done);
  }

  failed(reason: string, inDoubt: boolean): void {
    this.#tally.failed(reason, inDoubt);
  }

  ended(_session: LoadSession): void {
    if (--this.#alive === 0) this.#over();
  }

  #openWindow(): void {
    if (this.#state !== "warm-up") return;
    this.#state = "window";
    this.#tally.openWindow(this.nowMs(), process.cpuUsage());
    this.#onEvent({ event: "window" });
    this.after(this.options.durationMsMax, () => this.#drain());
  }

  /** Hands due messages to sessions that wait for one, then sleeps until the next is due. */
  #tick(): void {
    const schedule = this.#schedule;
    if (schedule === null || this.#state === "draining" || this.#state === "over") return;
    for (const session of this.#idle) {
      if (schedule.nextAt() > this.nowMs()) break;
      this.#idle.delete(session);
      session.offer();
    }
    const waitMs = this.#idle.size === 0 ? 1 : Math.max(0, schedule.nextAt() - this.nowMs());
    this.#cancelTick = this.#clock.after(waitMs, () => this.#tick());
  }

  #progress(): void {
    const { acknowledged, failed } = this.#tally.totals;
    this.#onEvent({ event: "progress", elapsedMs: this.nowMs() - this.#tally.startedMs, acknowledged, failed });
  }

  #every(ms: number, run: () => void): void {
    this.after(ms, () => {
      run();
      if (this.#state !== "over") this.#every(ms, run);
    });
  }

  #drain(): void {
    this.#closeWindow();
    this.#finish();
  }

  #closeWindow(): void {
    const nowMs = this.nowMs();
    const overdue = this.options.countMax > 0 ? 0 : this.#schedule?.overdue(nowMs) ?? 0;
    this.#tally.closeWindow(nowMs, process.cpuUsage(), overdue);
  }

  #finish(): void {
    if (this.#state === "draining" || this.#state === "over") return;
    this.#state = "draining";
    this.#onEvent({ event: "draining" });
    this.#cancelTick?.();
    for (const session of this.#sessions) session.stop();
    this.after(this.options.drainMsMax, () => {
      for (const session of this.#sessions) session.abort();
    });
  }

  #over(): void {
    if (this.#state === "over") return;
    this.#closeWindow();
    this.#state = "over";
    for (const cancel of this.#cancels) cancel();
    this.#cancelTick?.();
    if (this.#ackFd !== null) closeSync(this.#ackFd);
    this.#resolve(this.#tally.result(this.nowMs()));
  }
}
