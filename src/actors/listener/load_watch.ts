import type { Cancel, Clock } from "../../base/mod.ts";
import type { MemoryBudget } from "./memory_budget.ts";

/** How often the event loop is looked at, in ms. */
const LOOK_EVERY_MS = 100;
/** Part of the memory budget beyond which nobody new gets in: those who are in need the rest. */
const MEMORY_PART_MAX = 0.9;

/** Tells when a worker has more to do than it can: its timers come late, or its sessions hold nearly all they may. */
export class LoadWatch {
  #lagMs = 0;
  #cancel: Cancel;

  /** `lagMsMax`: lateness of the event loop, smoothed, beyond which the worker counts as overloaded, in ms; 0: never. */
  constructor(private readonly parts: { clock: Clock; memory: MemoryBudget; lagMsMax: number }) {
    this.#cancel = this.#lookLater();
  }

  /** Lateness of the event loop, smoothed, in ms. */
  get lagMs(): number {
    return this.#lagMs;
  }

  get overloaded(): boolean {
    const { memory, lagMsMax } = this.parts;
    return (lagMsMax > 0 && this.#lagMs > lagMsMax) || memory.usedBytes > MEMORY_PART_MAX * memory.bytesMax;
  }

  stop(): void {
    this.#cancel();
  }

  #lookLater(): Cancel {
    const { clock } = this.parts;
    const dueMs = clock.monotonicMs() + LOOK_EVERY_MS;
    return clock.after(LOOK_EVERY_MS, () => {
      // One long turn is half forgotten with each look after it; several in a row are not.
      this.#lagMs = (this.#lagMs + Math.max(0, clock.monotonicMs() - dueMs)) / 2;
      this.#cancel = this.#lookLater();
    });
  }
}
