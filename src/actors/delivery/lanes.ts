interface Lane {
  active: number;
  readonly waiting: (() => void)[];
}

/**
 * Attempts at each destination, so many at a time: the queue hands out more to one that is quick, so that the next attempt is
 * there when one ends. Those beyond wait in their order.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly widthMax: number) {}

  /** Begins at once, or when `leave` makes room. Who waits at most is bounded by the attempts that the worker takes. */
  enter(destination: string, begin: () => void): void {
    let lane = this.#lanes.get(destination);
    if (lane === undefined) this.#lanes.set(destination, lane = { active: 0, waiting: [] });
    if (lane.active >= this.widthMax) return void lane.waiting.push(begin);
    lane.active++;
    begin();
  }

  /** One that had begun has ended. */
  leave(destination: string): void {
    const lane = this.#lanes.get(destination);
    if (lane === undefined) return; // All were forgotten meanwhile.
    const next = lane.waiting.shift();
    if (next !== undefined) return next();
    if (--lane.active === 0) this.#lanes.delete(destination);
  }

  /** Forgets those that wait: they never begin. */
  clear(): void {
    this.#lanes.clear();
  }
}
