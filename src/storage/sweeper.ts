import { type Cancel, type Clock, type Log } from "../base/mod.ts";
import { diskFailure } from "./disk/disk_failure.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { allRemoved, readMailKey } from "./layout/keys.ts";

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
  /** Whether a mailbox was removed while another one was looked at. */
  #again = false;
  #stopped = false;
  constructor(private readonly index: () => IndexEnv, private readonly options: SweeperOptions) {}

  /** Looks for work in a while. */
  look(ms = LOOK_MS): void {
    if (this.#running) this.#again = true;
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
    this.#running = true;
    this.#sweep().then((more) => this.#ran(more ? LOOK_MS : null), (error) => {
      const failure = diskFailure(error);
      if (failure === null) throw error;
      if (!this.#stopped) this.options.log.warn("rows of a removed mailbox stay a while", { reason: failure.message });
      this.#ran(RETRY_MS);
    });
  }
  #ran(ms: number | null): void {
    this.#running = false;
    if (ms !== null || this.#again) this.look(ms ?? LOOK_MS);
    this.#again = false;
  }
  /** Takes away one mailbox; false when there is none. Other changes come in between its steps. */
  async #sweep(): Promise<boolean> {
    const [first] = this.index().range({ ...allRemoved(), limit: 1 });
    if (first === undefined) return false;
    const { account, mailbox } = readMailKey(first.key);
    for (let more = true; more && !this.#stopped;) more = await this.options.step(account, mailbox);
    return true;
  }
}
