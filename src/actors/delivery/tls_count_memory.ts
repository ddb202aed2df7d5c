import { asFailure, type Cancel, type Clock, describeError, type Log } from "../../base/mod.ts";
import type { TlsCountsProtocol } from "../../messages/mod.ts";
import type { DayReport, TlsReports } from "../../policy/mod.ts";
import type { Ref } from "../../runtime/mod.ts";
import { KEEPER_MS_MAX, KeptPages } from "./kept_pages.ts";

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
  readonly #kept: KeptPages<Page>;

  constructor(private readonly options: TlsCountMemoryOptions) {
    const { clock, log, keeper } = options;
    const ask = (after: string | null) => keeper.ask("tlsCounts.page", { after }, { deadlineMs: KEEPER_MS_MAX });
    this.#kept = new KeptPages({ what: "counts for TLS reports", clock, log, ask });
  }

  /** Takes back what was kept, beside the mail, however long that takes; from then on keeps what is counted. */
  async start(): Promise<void> {
    // It was ours, word for word.
    await this.#kept.read(({ days }) => this.options.reports.restore(days as readonly DayReport[]));
    if (this.#stopped) return;
    // Not before: a day that goes on would be replaced by its end alone.
    this.#loaded = true;
    this.#keepLater();
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
        await keeper.ask("tlsCounts.keep", { days, done }, { deadlineMs: KEEPER_MS_MAX });
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
    this.#kept.stop();
  }
}
