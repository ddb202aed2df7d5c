import { type Clock, Failure } from "../../base/mod.ts";

/** How much may be under way. */
export interface GateLimits {
  /** Checks that run: most of their time they wait for the DNS. */
  readonly checksMax: number;
  /** Checks that wait for their turn. */
  readonly waitingMax: number;
  /** Bytes of the messages of both. */
  readonly bytesMax: number;
  /** A check that had to wait longer is not begun, in ms: its asker has given up. */
  readonly waitMsMax: number;
}

/** Lets few checks run at a time and few wait, and bounds the memory that their messages hold. */
export class Gate {
  #running = 0;
  #bytes = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly limits: GateLimits, private readonly clock: Clock) {}

  /** Checks that run or wait. */
  get inside(): number {
    return this.#running + this.#waiting.length;
  }

  /** What `job` answers; rejects with Failure `busy` when there is no room for it. */
  async run<T>(bytes: number, job: () => Promise<T>): Promise<T> {
    const { checksMax, waitingMax, bytesMax, waitMsMax } = this.limits;
    // One message of any size is always let in: else it could never be checked.
    if (this.#bytes > 0 && this.#bytes + bytes > bytesMax) throw busy();
    if (this.#running >= checksMax && this.#waiting.length >= waitingMax) throw busy();
    this.#bytes += bytes;
    const cameMs = this.clock.monotonicMs();
    if (this.#running >= checksMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      if (this.clock.monotonicMs() - cameMs > waitMsMax) throw busy();
      return await job();
    } finally {
      this.#bytes -= bytes;
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next(); // It takes over this job's place.
    }
  }
}

function busy(): Failure {
  return new Failure("busy", "too many checks are under way");
}
