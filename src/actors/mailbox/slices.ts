import type { Clock } from "../../base/mod.ts";

/** How long work may go on before others have their turn, in ms. */
export const SLICE_MS = 5;

/** Lets messages that wait be handled, and sockets be read. */
export function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(0, resolve));
}

/** Measures slices of work: `over` says that it is time for a pause, `begin` that the pause is over. */
export class Slice {
  #endsAt: number;
  constructor(private readonly clock: Clock, private readonly ms: number = SLICE_MS) {
    this.#endsAt = clock.monotonicMs() + ms;
  }
  get over(): boolean {
    return this.clock.monotonicMs() >= this.#endsAt;
  }
  begin(): void {
    this.#endsAt = this.clock.monotonicMs() + this.ms;
  }
  /** Pauses and begins the next slice. */
  async rest(): Promise<void> {
    await pause(this.clock);
    this.begin();
  }
}
