/** Stops a timer; calling it again does nothing. */
export type Cancel = () => void;

/** Time as the program sees it. The real one is made in `workers/` and `main.ts`, a fake one by tests. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC: for stamps only, it may jump. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start, never going back: for deadlines and durations. */
  monotonicMs(): number;
  /** Calls `run` once, `delayMs` from now; 0 ms: when the event loop has been round once. */
  after(delayMs: number, run: () => void): Cancel;
}

/** The machine's clock. */
export function systemClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, run) {
      // A timer of 0 ms waits for one: what only lets others have their turn would wait a hundred times as long as they need.
      if (delayMs <= 0) {
        const turn = setImmediate(run);
        return () => clearImmediate(turn);
      }
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/** A clock that moves only when told to: for tests and the simulator. */
export class FakeClock implements Clock {
  #now = 0;
  #next = 0;
  readonly #timers = new Map<number, { at: number; run: () => void }>();
  constructor(private readonly startWallMs = Date.UTC(2026, 0, 1)) {}
  wallMs(): number {
    return this.startWallMs + this.#now;
  }
  monotonicMs(): number {
    return this.#now;
  }
  after(delayMs: number, run: () => void): Cancel {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + Math.max(0, delayMs), run });
    return () => void this.#timers.delete(id);
  }
  /** The monotonic time of the next timer, or null when none waits. */
  nextAt(): number | null {
    let min: number | null = null;
    for (const { at } of this.#timers.values()) if (min === null || at < min) min = at;
    return min;
  }
  /** Moves time on, running every timer that falls due, in order of due time and then of creation. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let due: [number, { at: number; run: () => void }] | null = null;
      for (const entry of this.#timers) {
        if (entry[1].at <= end && (due === null || entry[1].at < due[1].at)) due = entry;
      }
      if (due === null) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].run();
    }
    this.#now = end;
  }
}
