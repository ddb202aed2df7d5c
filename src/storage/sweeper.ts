import { asFailure, type Cancel, type Clock, type Log } from "../base/mod.ts";
import type { IndexEnv } from "./index_env.ts";
import { allRemoved, readRemovedKey } from "./keys.ts";

/** Pause before the rows of a removed mailbox go, and after a step that failed, in ms. */
const LOOK_MS = 50;
const RETRY_MS = 30_000;

export interface SweeperOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** One durable step for one mailbox; resolves to whether rows are left. */
  readonly step: (account: string, mailbox: number) => Promise<boolean>;
}

/**
 * Takes away what removed mailboxes left, in bounded steps among other changes. What is to be done stands in the index, so that
 * it goes on after a restart.
 */
export class Sweeper {
  #timer: Cancel | null = null;
  #running = false;
  #stopped = false;
  constructor(private readonly index: () => IndexEnv, private readonly options: SweeperOptions) {}

  /** Looks for work in a while. */
  look(ms = LOOK_MS): void {
    if (this.#stopped || this.#running) return;
    this.#timer ??= this.options.clock.after(ms, () => {
      this.#timer = null;
      this.#run();
    });
  }
  stop(): void {
    this.#stopped = true;
    this.#timer?.();
    this.#timer = null;
  }
  #run(): void {
    const next = this.#next();
    if (next === null) return;
    this.#running = true;
    this.#sweep(next).then(() => this.#ran(LOOK_MS), (error) => {
      const failure = asFailure(error);
      if (failure === null) throw error;
      if (!this.#stopped) this.options.log.warn("rows of a removed mailbox stay a while", { reason: failure.message });
      this.#ran(RETRY_MS);
    });
  }
  #ran(ms: number): void {
    this.#running = false;
    this.look(ms);
  }
  async #sweep({ account, mailbox }: { account: string; mailbox: number }): Promise<void> {
    while (!this.#stopped && await this.options.step(account, mailbox)) {
      // Other changes come in between.
    }
  }
  #next(): { account: string; mailbox: number } | null {
    if (this.#stopped) return null;
    const [first] = this.index().range({ ...allRemoved(), limit: 1 });
    return first === undefined ? null : readRemovedKey(first.key);
  }
}
