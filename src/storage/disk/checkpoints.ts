import { type Cancel, type Clock, describeError, type Failure, type Log } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";

/** Pause after a checkpoint for which there was no space or no working disk, in ms. */
const RETRY_MS = 5_000;

export interface CheckpointsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Changes are in the log alone for no longer than this, in ms. */
  readonly afterMs: number;
  /** False while a group is written, or the disk is down: the next claim then brings the log to the index. */
  readonly mayRun: () => boolean;
  /** One was made: what the log held is dead bytes now. */
  readonly made: () => void;
  /** The disk refused one, or another owner has taken over. */
  readonly failed: (failure: Failure) => void;
}

/** What a store has to bring to its index. */
export interface Owing {
  readonly owed: boolean;
  checkpoint(): void;
}

/** Brings what is in the log alone to the index in a while, so that nothing is owed by a store that rests. */
export class Checkpoints {
  #timer: Cancel | null = null;
  constructor(private readonly state: Owing, private readonly options: CheckpointsOptions) {}

  /** Something is owed from now on, or was before. */
  look(): void {
    this.#in(this.options.afterMs);
  }
  stop(): void {
    this.#timer?.();
    this.#timer = null;
  }
  /** A checkpoint now. Answers what the disk said when there was none. */
  makeIfItCan(): Failure | null {
    try {
      if (this.state.owed) this.state.checkpoint();
      return null;
    } catch (error) {
      const failure = diskFailure(error);
      if (failure === null) throw error;
      this.options.log.warn("what is in the log was not brought to the index", { error: describeError(failure) });
      return failure;
    }
  }
  #in(delayMs: number): void {
    this.#timer ??= this.options.clock.after(delayMs, () => {
      this.#timer = null;
      if (!this.state.owed) return;
      const failure = this.options.mayRun() ? this.makeIfItCan() : null;
      if (failure !== null) this.options.failed(failure);
      if (this.state.owed) this.#in(RETRY_MS);
      else this.options.made();
    });
  }
}
