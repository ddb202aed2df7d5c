import { type Clock, Failure } from "../../base/mod.ts";

/** Lets so many through at a time, and so many wait for it, in order of arrival. */
export class Gate {
  #inside = 0;
  readonly #waiting = new Set<() => void>();
  constructor(private readonly options: { insideMax: number; waitingMax: number; clock: Clock }) {}

  get inside(): number {
    return this.#inside;
  }
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when there is room; each must `leave`. Rejects with a Failure: `busy` when too many wait, `dns` after `waitMsMax`. */
  enter(waitMsMax: number): Promise<void> {
    if (this.#inside < this.options.insideMax) {
      this.#inside++;
      return Promise.resolve();
    }
    if (this.#waiting.size >= this.options.waitingMax) {
      return Promise.reject(new Failure("busy", "too many DNS questions wait"));
    }
    return new Promise((resolve, reject) => {
      const admit = () => {
        cancel();
        resolve();
      };
      const cancel = this.options.clock.after(waitMsMax, () => {
        this.#waiting.delete(admit);
        reject(new Failure("dns", "a DNS question did not get its turn in time"));
      });
      this.#waiting.add(admit);
    });
  }

  /** Makes room: the one who has waited longest takes the place. */
  leave(): void {
    for (const admit of this.#waiting) {
      this.#waiting.delete(admit);
      return admit();
    }
    this.#inside--;
  }
}
