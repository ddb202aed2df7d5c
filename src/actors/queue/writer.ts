import { asFailure, type Clock, describeError, type Log, RenewedSet } from "../../base/mod.ts";

/** Pause before a change is written that the disk refused, in ms. */
const AGAIN_MS = 1_000;

/** Writes that wait for a disk that refuses them, by what they write. */
export type WriteKind = "mail" | "change";

/** Writes to the store until the disk takes it: what an attempt brought must not be forgotten. */
export class PatientWriter {
  readonly #underWay = new RenewedSet<Promise<unknown>>();
  readonly #refused = { mail: 0, change: 0 };
  #stopped = false;
  /** Writes that became durable, and how long they took together, in ms. */
  readonly durable = { count: 0, ms: 0 };

  constructor(private readonly services: { readonly clock: Clock; readonly log: Log }) {}

  /** How many writes the disk has refused that are tried again. */
  refused(kind: WriteKind): number {
    return this.#refused[kind];
  }

  /** Watches one write, so that `stop` can wait for it; what it rejects with is the asker's. */
  async once<T>(run: () => Promise<T>): Promise<T> {
    const { clock } = this.services;
    const startMs = clock.monotonicMs();
    const write = run();
    this.#underWay.add(write);
    try {
      const answer = await write;
      this.durable.count++;
      this.durable.ms += clock.monotonicMs() - startMs;
      return answer;
    } finally {
      this.#underWay.delete(write);
    }
  }

  /**
   * The answer of a write that is repeated while the disk refuses it. Null when the writer was stopped meanwhile, or when the
   * store will never take it, which the log tells: a defect of ours that must not hold up the rest.
   */
  async write<T>(kind: WriteKind, run: () => Promise<T>): Promise<T | null> {
    let refused = false;
    try {
      while (!this.#stopped) {
        try {
          return await this.once(run);
        } catch (error) {
          const failure = asFailure(error);
          if (failure === null) throw error;
          if (!failure.temporary) {
            this.services.log.error("queue refuses a change", { error: describeError(failure) });
            return null;
          }
          this.services.log.warn("queue cannot write", { error: describeError(failure) });
        }
        if (!refused) this.#refused[kind]++;
        refused = true;
        await new Promise<void>((resolve) => void this.services.clock.after(AGAIN_MS, resolve));
      }
      return null;
    } finally {
      if (refused) this.#refused[kind]--;
    }
  }

  /** Repeats nothing any more; resolves when no write is under way, so that whoever comes next finds all of it on the disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#underWay);
  }
}
