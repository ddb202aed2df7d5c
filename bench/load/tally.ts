import { Latency, type LatencySummary } from "./histogram.ts";
import type { LoadOptions } from "./options.ts";

/** Different failure reasons that are counted apart; what comes after goes under "other". */
export const reasonsMax = 50;

/** CPU time of a process in µs, as `process.cpuUsage` gives it. */
export interface CpuUsage {
  readonly user: number;
  readonly system: number;
}

/** What a run found. Rates and latencies are those of the measured window; `totals` count everything. */
export interface LoadResult {
  readonly options: LoadOptions;
  /** Length of the window in ms. */
  readonly windowMs: number;
  /** Messages acknowledged (250 after the final dot) inside the window. */
  readonly acknowledged: number;
  readonly messagesPerSecond: number;
  /** From the last byte of the content handed to the socket until the 250. */
  readonly ack: LatencySummary;
  /** From the intended start (open loop) or the real one (closed loop) until the 250. */
  readonly transaction: LatencySummary;
  /** From the dial to the end of the EHLO reply; over the whole run. */
  readonly connect: LatencySummary;
  /** CPU of the generator per acknowledged message, in µs. */
  readonly cpuUsPerMessage: { readonly user: number; readonly system: number };
  /** Open loop: messages that were due in the window and found no free session before its end. */
  readonly notStarted: number;
  readonly totals: {
    readonly acknowledged: number;
    readonly failed: number;
    /** Content sent, answer never seen: the server may or may not have kept these. */
    readonly inDoubt: number;
    readonly elapsedMs: number;
  };
  /** Failures by the server's reply or the connection's error. */
  readonly errors: Readonly<Record<string, number>>;
  /** The distributions themselves, to be merged with those of other processes. */
  readonly packed: { readonly ack: string; readonly transaction: string; readonly connect: string };
}

/** Counts what happens in a run. */
export class Tally {
  readonly #ack = new Latency();
  readonly #transaction = new Latency();
  readonly #connect = new Latency();
  readonly #errors = new Map<string, number>();
  readonly #totals = { acknowledged: 0, failed: 0, inDoubt: 0 };
  #startedMs = 0;
  #openedMs = 0;
  #closedMs = 0;
  #open = false;
  #windowAcknowledged = 0;
  #notStarted = 0;
  #cpuAtOpen: CpuUsage = { user: 0, system: 0 };
  #cpu: CpuUsage = { user: 0, system: 0 };

  constructor(private readonly options: LoadOptions) {}

  get totals(): { readonly acknowledged: number; readonly failed: number; readonly inDoubt: number } {
    return this.#totals;
  }

  get startedMs(): number {
    return this.#startedMs;
  }

  begin(nowMs: number, cpu: CpuUsage): void {
    this.#startedMs = this.#openedMs = nowMs;
    this.#cpuAtOpen = cpu;
  }

  openWindow(nowMs: number, cpu: CpuUsage): void {
    this.#open = true;
    this.#openedMs = nowMs;
    this.#cpuAtOpen = cpu;
  }

  closeWindow(nowMs: number, cpu: CpuUsage, notStarted: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closedMs = nowMs;
    this.#notStarted = notStarted;
    this.#cpu = { user: cpu.user - this.#cpuAtOpen.user, system: cpu.system - this.#cpuAtOpen.system };
  }

  connected(elapsedMs: number): void {
    this.#connect.record(elapsedMs);
  }

  acknowledged(done: { intendedMs: number; sentMs: number; nowMs: number }): void {
    this.#totals.acknowledged++;
    if (!this.#open) return;
    this.#windowAcknowledged++;
    this.#ack.record(done.nowMs - done.sentMs);
    this.#transaction.record(done.nowMs - done.intendedMs);
  }

  failed(reason: string, inDoubt: boolean): void {
    this.#totals.failed++;
    if (inDoubt) this.#totals.inDoubt++;
    const key = this.#errors.has(reason) || this.#errors.size < reasonsMax ? reason : "other";
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + 1);
  }

  result(nowMs: number): LoadResult {
    const windowMs = Math.max(0, this.#closedMs - this.#openedMs);
    const acknowledged = this.#windowAcknowledged;
    const share = (us: number) => (acknowledged === 0 ? 0 : us / acknowledged);
    return {
      options: this.options,
      windowMs,
      acknowledged,
      messagesPerSecond: windowMs === 0 ? 0 : (acknowledged * 1_000) / windowMs,
      ack: this.#ack.summary(),
      transaction: this.#transaction.summary(),
      connect: this.#connect.summary(),
      cpuUsPerMessage: { user: share(this.#cpu.user), system: share(this.#cpu.system) },
      notStarted: this.#notStarted,
      totals: { ...this.#totals, elapsedMs: nowMs - this.#startedMs },
      errors: Object.fromEntries(this.#errors),
      packed: { ack: this.#ack.pack(), transaction: this.#transaction.pack(), connect: this.#connect.pack() },
    };
  }
}
