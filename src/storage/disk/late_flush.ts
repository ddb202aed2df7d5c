import { type Cancel, type Clock, Failure } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";

export interface LateFlushOptions {
  readonly clock: Clock;
  /** What was acknowledged is flushed no later than this, in ms. */
  readonly afterMs: number;
  /** False while a group is written, or the disk is down. */
  readonly mayRun: () => boolean;
  /** The disk refused: what was written is in doubt. */
  readonly failed: (failure: Failure) => void;
}

/** What was written and acknowledged, and not flushed. */
export interface Unflushed {
  readonly unflushed: boolean;
  flush(): void;
}

/** Flushes what was acknowledged before it was, in a while: the next group that has to be flushed may have done so before. */
export class LateFlush {
  #timer: Cancel | null = null;
  constructor(private readonly state: Unflushed, private readonly options: LateFlushOptions) {}

  /** Something may have been written that is not flushed. */
  look(): void {
    if (!this.state.unflushed) return;
    const { clock, afterMs, mayRun, failed } = this.options;
    this.#timer ??= clock.after(afterMs, () => {
      this.#timer = null;
      if (!this.state.unflushed) return;
      // Whoever is at it, or claims the store again, brings all of it to the disk.
      if (!mayRun()) return this.look();
      try {
        this.state.flush();
      } catch (error) {
        const failure = diskFailure(error);
        if (failure === null) throw error;
        // Whatever the reason, a flush that failed is not tried again in hope: the next claim brings to the index what memory has.
        failed(failure.kind === "disk_full" ? new Failure("disk", failure.message, { cause: failure }) : failure);
      }
    });
  }
  stop(): void {
    this.#timer?.();
    this.#timer = null;
  }
}
