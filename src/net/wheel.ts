import type { Cancel, Clock } from "../base/mod.ts";

/** Something with a deadline. Made by its owner, linked into the wheel while armed. */
export class WheelEntry {
  dueMs = Infinity;
  /** The tick in whose slot the entry lies; it may be earlier than the one it is due in. */
  tick = 0;
  next: WheelEntry | null = null;
  previous: WheelEntry | null = null;
  linked = false;
  constructor(readonly expired: () => void) {}
}

/**
 * Deadlines for many connections on one timer. An entry fires at most one tick late and never early. Pushing a deadline
 * back, the common case, only writes a number: the entry is moved when its old slot comes round.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: (WheelEntry | null)[];
  #cursor = 0;
  #count = 0;
  #cancel: Cancel | null = null;

  constructor(options: { readonly clock: Clock; readonly tickMs?: number; readonly slotsMax?: number }) {
    this.#clock = options.clock;
    this.#tickMs = options.tickMs ?? 250;
    this.#slots = new Array<WheelEntry | null>(options.slotsMax ?? 512).fill(null);
  }

  /** How many entries are armed. */
  get armed(): number {
    return this.#count;
  }

  /** Milliseconds on the wheel's clock, for `arm`. */
  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Sets when the entry fires, in ms of the monotonic clock; Infinity disarms it. */
  arm(entry: WheelEntry, dueMs: number): void {
    entry.dueMs = dueMs;
    if (dueMs === Infinity) return this.#unlink(entry);
    if (entry.linked && entry.tick * this.#tickMs <= dueMs) return;
    this.#unlink(entry);
    if (this.#count === 0) this.#cursor = Math.floor(this.#clock.monotonicMs() / this.#tickMs);
    this.#link(entry);
    if (this.#cancel === null) this.#schedule();
  }

  #schedule(): void {
    const delayMs = (this.#cursor + 1) * this.#tickMs - this.#clock.monotonicMs();
    this.#cancel = this.#clock.after(Math.max(1, delayMs), () => this.#turn());
  }

  #turn(): void {
    this.#cancel = null;
    const now = this.#clock.monotonicMs();
    const target = Math.floor(now / this.#tickMs);
    // After a long stall each slot needs to be looked at only once.
    if (target - this.#cursor > this.#slots.length) this.#cursor = target - this.#slots.length;
    while (this.#cursor < target && this.#count > 0) {
      this.#cursor++;
      this.#turnSlot(now);
    }
    if (this.#count > 0 && this.#cancel === null) this.#schedule();
  }

  #turnSlot(nowMs: number): void {
    const slot = this.#cursor % this.#slots.length;
    // Whatever is linked anew meanwhile goes to a later slot, so this loop ends.
    for (let entry = this.#slots[slot] ?? null; entry !== null; entry = this.#slots[slot] ?? null) {
      this.#unlink(entry, true);
      if (entry.dueMs > nowMs) {
        this.#link(entry);
        continue;
      }
      entry.dueMs = Infinity;
      entry.expired();
    }
  }

  #link(entry: WheelEntry): void {
    const due = Math.ceil(entry.dueMs / this.#tickMs);
    entry.tick = Math.min(Math.max(due, this.#cursor + 1), this.#cursor + this.#slots.length - 1);
    const slot = entry.tick % this.#slots.length;
    const head = this.#slots[slot] ?? null;
    entry.next = head;
    entry.previous = null;
    if (head !== null) head.previous = entry;
    this.#slots[slot] = entry;
    entry.linked = true;
    this.#count++;
  }

  #unlink(entry: WheelEntry, turning = false): void {
    if (!entry.linked) return;
    if (entry.previous !== null) entry.previous.next = entry.next;
    else this.#slots[entry.tick % this.#slots.length] = entry.next;
    if (entry.next !== null) entry.next.previous = entry.previous;
    entry.next = entry.previous = null;
    entry.linked = false;
    this.#count--;
    if (this.#count > 0 || turning) return;
    this.#cancel?.();
    this.#cancel = null;
  }
}
