import { asFailure, type Cancel, type Clock, describeError, type Log } from "../../base/mod.ts";
import type { TlsCountsProtocol } from "../../messages/mod.ts";
import type { DayReport, TlsReports } from "../../policy/mod.ts";
import type { Ref } from "../../runtime/mod.ts";

/** What counts are kept with. */
export interface TlsCountMemoryOptions {
  readonly reports: TlsReports;
  /** The owner of the disk. */
  readonly keeper: Ref<TlsCountsProtocol>;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often counts are kept, in ms: who kills the process loses at most this much of them. They are statistics. */
const KEEP_EVERY_MS = 300_000;
/** Longest wait for one answer, in ms, and the pause before what was kept is asked for again. */
const ASK_MS_MAX = 10_000;
const AGAIN_MS = 1_000;
/** Days that go in one message; each may quote a policy whole. */
const MESSAGE_DAYS_MAX = 50;

type Page = TlsCountsProtocol["tlsCounts.page"]["reply"];

/** Keeps over a restart what was counted of TLS, with a worker that can write. */
export class TlsCountMemory {
  #loaded = false;
  #stopped = false;
  #done: Pick<DayReport, "domain" | "dayMs">[] = [];
  #cancel: Cancel = () => {};
  #keeping: Promise<void> = Promise.resolve();
  /** Ends the pause that the loading is in. */
  #wake: () => void = () => {};

  constructor(private readonly options: TlsCountMemoryOptions) {}

  /** Takes back what was kept, beside the mail, however long that takes; from then on keeps what is counted. */
  async start(): Promise<void> {
    await this.#load();
    if (this.#stopped) return;
    // Not before: a day that goes on would be replaced by its end alone.
    this.#loaded = true;
    this.#keepLater();
  }

  async #load(): Promise<void> {
    const { reports, keeper, log } = this.options;
    let after: string | null = null;
    for (let failures = 0; !this.#stopped;) {
      try {
        const page: Page = await keeper.ask("tlsCounts.page", { after }, { deadlineMs: ASK_MS_MAX });
        // It was ours, word for word.
        reports.restore(page.days as readonly DayReport[]);
        if (page.next === null) return;
        after = page.next;
      } catch (error) {
        if (asFailure(error) === null) throw error;
        if (this.#stopped) return;
        if (failures++ === 0) log.warn("counts for TLS reports cannot be read", { error: describeError(error) });
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(AGAIN_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #keepLater(): void {
    if (this.#stopped) return;
    this.#cancel = this.options.clock.after(KEEP_EVERY_MS, () => {
      void this.keep().finally(() => this.#keepLater());
    });
  }

  /** The domain was told of the day, or never will be. */
  over({ domain, dayMs }: DayReport): void {
    this.#done.push({ domain, dayMs });
  }

  /** Keeps what is not kept yet; what cannot be is tried again with the next. */
  keep(): Promise<void> {
    this.#keeping = this.#keeping.then(() => this.#keepAll());
    return this.#keeping;
  }

  async #keepAll(): Promise<void> {
    const { reports, keeper, log } = this.options;
    while (this.#loaded) {
      const days = reports.takeChanged(MESSAGE_DAYS_MAX);
      const done = this.#done.splice(0, MESSAGE_DAYS_MAX);
      if (days.length === 0 && done.length === 0) return;
      try {
        await keeper.ask("tlsCounts.keep", { days, done }, { deadlineMs: ASK_MS_MAX });
      } catch (error) {
        const failure = asFailure(error);
        if (failure === null) throw error;
        log.warn("counts for TLS reports are not kept", { days: days.length, error: describeError(failure) });
        this.#done.unshift(...done);
        return reports.changedAgain(days);
      }
    }
  }

  /** Begins nothing new. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#wake();
  }
}
