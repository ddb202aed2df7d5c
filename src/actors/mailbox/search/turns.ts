import type { Clock } from "../../../base/mod.ts";

/** How long one turn may last, in ms. */
export const TURN_MS = 5;

/**
 * Long work of a worker, done in turns: one in each round of the event loop, and between two of them messages are handled and
 * sockets read. So whoever waits for a delivery waits for one turn, however many searches go on. What is left of a turn goes to
 * whoever asks: short work is done in one.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  /** When the turn of this round of the event loop is over; null when nobody has had it. */
  #endsAt: number | null = null;
  constructor(private readonly clock: Clock) {}

  /** Resolves when it is the caller's turn. What it does until its next `await` must be about TURN_MS long at most. */
  next(): Promise<void> {
    if (this.#endsAt === null) this.#arm();
    else if (this.#waiting.length > 0 || this.clock.monotonicMs() >= this.#endsAt) {
      return new Promise((resolve) => void this.#waiting.push(resolve));
    }
    return Promise.resolve();
  }
  /** A function that tells whether the turn is over. */
  begin(): () => boolean {
    const endsAt = this.#endsAt ?? this.clock.monotonicMs() + TURN_MS;
    return () => this.clock.monotonicMs() >= endsAt;
  }
  /** A turn begins; the next one in the next round. */
  #arm(): void {
    this.#endsAt = this.clock.monotonicMs() + TURN_MS;
    this.clock.after(0, () => {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#endsAt = null;
        return;
      }
      this.#arm();
      next();
    });
  }
}
