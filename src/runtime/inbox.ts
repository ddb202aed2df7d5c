const SLOTS_FIRST = 16;

/** What waits for one actor, first in first out, in a ring that grows by doubling and shrinks when it runs empty. */
export class Inbox<T> {
  #slots: (T | undefined)[] = new Array(SLOTS_FIRST);
  #head = 0;
  #length = 0;

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** Appends. The caller has checked the limit: what must not be refused (stop, gone) goes past it. */
  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length++;
  }

  /** Takes the oldest, or undefined when none waits. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // Or the ring would keep the message alive.
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#slots.length > SLOTS_FIRST * 64) this.#reset();
    return item;
  }

  /** Takes all that wait. */
  takeAll(): T[] {
    const all: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) all.push(item);
    return all;
  }

  #grow(): void {
    const old = this.#slots;
    const next: (T | undefined)[] = new Array(old.length * 2);
    for (let i = 0; i < this.#length; i++) next[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = next;
    this.#head = 0;
  }

  #reset(): void {
    this.#slots = new Array(SLOTS_FIRST);
    this.#head = 0;
  }
}
