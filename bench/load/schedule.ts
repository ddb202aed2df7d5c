/**
 * When the messages of an open loop are meant to start. The n-th start is a fixed instant, whatever the server does: a
 * message that has to wait for a free session has waited, and its latency says so (no coordinated omission).
 */
export class OpenLoopSchedule {
  #taken = 0;
  constructor(private readonly startMs: number, private readonly ratePerSecond: number) {}

  /** Starts handed out so far. */
  get taken(): number {
    return this.#taken;
  }

  /** The instant of the next start in ms. */
  nextAt(): number {
    return this.startMs + (this.#taken * 1_000) / this.ratePerSecond;
  }

  /** The instant of a start that is due, or null when the next one lies in the future. Each is handed out once. */
  take(nowMs: number): number | null {
    const at = this.nextAt();
    if (at > nowMs) return null;
    this.#taken++;
    return at;
  }

  /** Starts that were due before `nowMs` and not handed out. */
  overdue(nowMs: number): number {
    const due = Math.ceil(((nowMs - this.startMs) * this.ratePerSecond) / 1_000 - 1e-9);
    return Math.max(0, due - this.#taken);
  }
}
