/** Room for this many entries at first; doubled when it is full. */
const ENTRIES_MIN = 1_024;

/**
 * Numbers by the time at which they fall due, earliest first, and of the same time the lower number first. Sixteen bytes an
 * entry, so that a million deferred mails fit in little memory. What was put in twice comes out twice: the owner looks whether
 * an entry still holds.
 */
export class DueHeap {
  #due = new Float64Array(ENTRIES_MIN);
  #items = new Float64Array(ENTRIES_MIN);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** When the first entry falls due, or null when there is none. */
  nextMs(): number | null {
    return this.#size === 0 ? null : this.#due[0]!;
  }

  push(dueMs: number, item: number): void {
    if (this.#size === this.#due.length) this.#resize(this.#size * 2);
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(dueMs, item, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, dueMs, item);
  }

  /** Takes the first entry out if it is due. */
  popDue(nowMs: number): { readonly dueMs: number; readonly item: number } | null {
    if (this.#size === 0 || this.#due[0]! > nowMs) return null;
    const first = { dueMs: this.#due[0]!, item: this.#items[0]! };
    const last = --this.#size;
    if (last > 0) this.#sink(this.#due[last]!, this.#items[last]!);
    if (last < this.#due.length / 4 && this.#due.length > ENTRIES_MIN) this.#resize(this.#due.length / 2);
    return first;
  }

  /** Puts an entry at the root and lets it sink to its place. */
  #sink(dueMs: number, item: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#before(this.#due[child + 1]!, this.#items[child + 1]!, child)) child++;
      if (!this.#before(this.#due[child]!, this.#items[child]!, { dueMs, item })) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, dueMs, item);
  }

  /** Whether an entry comes before another, which is given by its place or itself. */
  #before(dueMs: number, item: number, other: number | { dueMs: number; item: number }): boolean {
    const otherMs = typeof other === "number" ? this.#due[other]! : other.dueMs;
    if (dueMs !== otherMs) return dueMs < otherMs;
    return item < (typeof other === "number" ? this.#items[other]! : other.item);
  }

  #move(from: number, to: number): void {
    this.#due[to] = this.#due[from]!;
    this.#items[to] = this.#items[from]!;
  }

  #put(at: number, dueMs: number, item: number): void {
    this.#due[at] = dueMs;
    this.#items[at] = item;
  }

  #resize(entries: number): void {
    const due = new Float64Array(entries);
    const items = new Float64Array(entries);
    due.set(this.#due.subarray(0, this.#size));
    items.set(this.#items.subarray(0, this.#size));
    this.#due = due;
    this.#items = items;
  }
}
