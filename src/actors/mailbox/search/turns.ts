import type { Clock } from "../../../base/mod.ts";

/** How long one turn may last, in ms. */
export const TURN_MS = 5;

/**
 * Long work of a worker, done in turns: one of them at a time, and between two of them messages are handled and sockets read. So
 * whoever waits for a delivery waits for one turn, however many searches go on.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  constructor(private readonly clock: Clock) {}

  /** Resolves when it is the caller's turn. What it does until its next `await` must be about TURN_MS long. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#arm();
    });
  }
  /** A function that tells whether the turn that begins now is over. */
  begin(): () => boolean {
    const endsAt = this.clock.monotonicMs() + TURN_MS;
    return () => this.clock.monotonicMs() >= endsAt;
  }
  #arm(): void {
    this.clock.after(0, () => {
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#arm();
    });
  }
}
