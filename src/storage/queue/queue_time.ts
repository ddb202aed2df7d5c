import type { Clock } from "../../base/mod.ts";

/** A stop counts for no more than this, in ms. */
export const STOP_MS_MAX = 86_400_000;

/** Queue time: see `QueueStore.nowMs`. */
export class QueueTime {
  readonly #startMs: number;
  readonly #startedAtMs: number;
  /** `last`: the queue time and wall-clock time of the last commit; null for a new queue. */
  constructor(private readonly clock: Clock, last: { readonly timeMs: number; readonly wallMs: number } | null) {
    const wallMs = clock.wallMs();
    const stopMs = last === null ? 0 : Math.min(STOP_MS_MAX, Math.max(0, wallMs - last.wallMs));
    // A wall clock that was never set may say anything.
    this.#startMs = Math.floor(last === null ? Math.max(0, wallMs) : last.timeMs + stopMs);
    this.#startedAtMs = clock.monotonicMs();
  }
  nowMs(): number {
    return this.#startMs + Math.floor(this.clock.monotonicMs() - this.#startedAtMs);
  }
}
