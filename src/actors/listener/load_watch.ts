import type { Cancel, Clock } from "../../base/mod.ts";
import type { MemoryBudget } from "./memory_budget.ts";

/** How often the event loop is looked at, in ms. */
const LOOK_EVERY_MS = 100;
/** The same while nobody comes and nothing is late: what lasts is seen then, too. */
const CALM_EVERY_MS = 1_000;
/** Looks that find nothing before it is calm. */
const CALM_AFTER = 50;
/** Less than this is no lateness, in ms. */
const LATE_MS_MIN = 20;
/** Part of the memory budget beyond which nobody new gets in: those who are in need the rest. */
const MEMORY_PART_MAX = 0.9;

/** Tells when a worker has more to do than it can: its timers come late, or its sessions hold nearly all they may. */
export class LoadWatch {
  #lagMs = 0;
  #cancel: Cancel;
  /** Looks in a row that found nothing. */
  #quiet = 0;

  /** `lagMsMax`: lateness of the event loop, smoothed, beyond which the worker counts as overloaded, in ms; 0: never. */
  constructor(private readonly parts: { clock: Clock; memory: MemoryBudget; lagMsMax: number }) {
    this.#cancel = this.#lookLater();
  }

  /** Lateness of the event loop, smoothed, in ms. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** Asked for everyone who comes. */
  isOverloaded(): boolean {
    const { memory, lagMsMax } = this.parts;
    if (this.#isCalm) {
      this.stop();
      this.#quiet = 0;
      this.#cancel = this.#lookLater();
    }
    this.#quiet = 0;
    return (lagMsMax > 0 && this.#lagMs > lagMsMax) || memory.usedBytes > MEMORY_PART_MAX * memory.bytesMax;
  }

  stop(): void {
    this.#cancel();
  }

  get #isCalm(): boolean {
    return this.#quiet >= CALM_AFTER;
  }

  #lookLater(): Cancel {
    const { clock } = this.parts;
    const everyMs = this.#isCalm ? CALM_EVERY_MS : LOOK_EVERY_MS;
    const dueMs = clock.monotonicMs() + everyMs;
    return clock.after(everyMs, () => {
      // One long turn is half forgotten with each look after it; several in a row are not.
      this.#lagMs = (this.#lagMs + Math.max(0, clock.monotonicMs() - dueMs)) / 2;
      this.#quiet = this.#lagMs < LATE_MS_MIN ? this.#quiet + 1 : 0;
      this.#cancel = this.#lookLater();
    });
  }
}
