import { asFailure, type Cancel, type Clock, describeError, type Log } from "../../base/mod.ts";
import type { KeptMtaStsPolicy, StsPoliciesProtocol } from "../../messages/mod.ts";
import type { MtaStsCache } from "../../policy/mod.ts";
import type { Ref } from "../../runtime/mod.ts";
import { KEEPER_MS_MAX, KeptPages } from "./kept_pages.ts";

/** What policies are kept with. */
export interface PolicyMemoryOptions {
  readonly cache: MtaStsCache;
  /** The owner of the disk. */
  readonly keeper: Ref<StsPoliciesProtocol>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Longest that mail waits for what was kept, in ms: whoever keeps it may be starting again. */
const LOAD_MS_MAX = 15_000;
/** How long a fetched policy may wait for others to be kept with, in ms, and for the next try when it could not be. */
const KEEP_AFTER_MS = 500;
const KEEP_AGAIN_MS = 30_000;
/** Texts that go in one message, in UTF-16 units, and policies. */
const MESSAGE_CHARS_MAX = 1024 * 1024;
const MESSAGE_POLICIES_MAX = 500;

/** Brings policies of an earlier life back, and hands new ones to a worker that can write (RFC 8461 §3.3). */
export class PolicyMemory {
  /** What is not kept yet, by domain: bounded as the cache is. */
  readonly #unkept = new Map<string, KeptMtaStsPolicy>();
  #timer: Cancel | null = null;
  #keeping: Promise<void> | null = null;
  #stopped = false;
  readonly #kept: KeptPages<StsPoliciesProtocol["stsPolicies.page"]["reply"]>;

  constructor(private readonly options: PolicyMemoryOptions) {
    const { clock, log, keeper } = options;
    const ask = (after: string | null) => keeper.ask("stsPolicies.page", { after }, { deadlineMs: KEEPER_MS_MAX });
    this.#kept = new KeptPages({ what: "MTA-STS policies", clock, log, ask });
  }

  /**
   * Takes back what was kept. Resolves when it is there, or after a while without: mail must not wait for ever, and whoever strips
   * TLS from it has not chosen the moment.
   */
  load(): Promise<void> {
    const { clock, log } = this.options;
    return new Promise((resolve) => {
      const late = clock.after(LOAD_MS_MAX, () => {
        log.warn("MTA-STS policies of before are not there yet, mail goes without them");
        resolve();
      });
      void this.#kept.read(({ policies }) => this.options.cache.import(policies)).finally(() => {
        late();
        resolve();
      });
    });
  }

  /** Something was fetched: it is kept soon. */
  fetched(): void {
    this.#keepIn(KEEP_AFTER_MS);
  }

  #keepIn(delayMs: number): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = this.options.clock.after(delayMs, () => {
      this.#timer = null;
      void this.keep();
    });
  }

  /** Keeps what is not kept yet; what cannot be is tried again later. */
  async keep(): Promise<void> {
    for (const policy of this.options.cache.takeFetched()) {
      this.#unkept.delete(policy.domain); // Behind those that wait already.
      this.#unkept.set(policy.domain, policy);
    }
    await (this.#keeping ??= this.#keepAll().finally(() => this.#keeping = null));
  }

  async #keepAll(): Promise<void> {
    const { keeper, log } = this.options;
    while (this.#unkept.size > 0) {
      const policies = this.#next();
      try {
        await keeper.ask("stsPolicies.keep", { policies }, { deadlineMs: KEEPER_MS_MAX });
      } catch (error) {
        const failure = asFailure(error);
        if (failure === null) throw error;
        log.warn("MTA-STS policies are not kept", { policies: policies.length, error: describeError(error) });
        if (failure.temporary) return this.#keepIn(KEEP_AGAIN_MS);
      }
      for (const policy of policies) {
        // It may have been fetched again meanwhile.
        if (this.#unkept.get(policy.domain) === policy) this.#unkept.delete(policy.domain);
      }
    }
  }

  #next(): KeptMtaStsPolicy[] {
    const policies: KeptMtaStsPolicy[] = [];
    let chars = 0;
    for (const policy of this.#unkept.values()) {
      if (policies.length === MESSAGE_POLICIES_MAX || chars > MESSAGE_CHARS_MAX) break;
      policies.push(policy);
      chars += policy.text.length;
    }
    return policies;
  }

  /** Begins nothing new. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.();
    this.#timer = null;
    this.#kept.stop();
  }
}
