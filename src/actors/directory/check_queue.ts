/** How many password checks may run and wait. */
export interface CheckLimits {
  readonly checksMax: number;
  readonly waitingMax: number;
}

/** Runs few jobs at a time: each costs 19 MiB and a core, and strangers can ask for them. */
export class CheckQueue {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  constructor(private readonly limits: CheckLimits) {}

  /** What `job` answers; null when too many wait already and it was not run. */
  async run<T>(job: () => Promise<T>): Promise<T | null> {
    if (this.#running >= this.limits.checksMax) {
      if (this.#waiting.length >= this.limits.waitingMax) return null;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await job();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next(); // It takes over this job's place.
    }
  }
}
