const NONE = new Uint32Array(0);

/** A set of UIDs in rising order, four bytes each. */
export class SortedUids {
  #uids: Uint32Array = NONE;
  #length = 0;

  get length(): number {
    return this.#length;
  }
  /** The UID at `index`, which is below `length`. */
  at(index: number): number {
    return this.#uids[index]!;
  }
  has(uid: number): boolean {
    const at = this.countBelow(uid);
    return at < this.#length && this.#uids[at] === uid;
  }
  /** How many of the set are below `uid`. */
  countBelow(uid: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  /** Adds rising UIDs; those that are in the set already change nothing. */
  addAll(rising: readonly number[]): void {
    if (rising.length === 0) return;
    const old = this.#uids;
    let from = this.#length - 1;
    let more = rising.length - 1;
    if (from < 0 || old[from]! < rising[0]!) return this.#append(rising);
    if (rising.length === 1 && this.#length < old.length) return this.#insert(rising[0]!);
    const merged = new Uint32Array(roomFor(this.#length + rising.length));
    let to = this.#length + rising.length;
    while (from >= 0 || more >= 0) {
      const kept = from >= 0 ? old[from]! : -1;
      const added = more >= 0 ? rising[more]! : -1;
      merged[--to] = Math.max(kept, added);
      if (kept >= added) from--;
      if (added >= kept) more--;
    }
    this.#length += rising.length - to;
    merged.copyWithin(0, to, to + this.#length);
    this.#uids = merged;
  }
  /** Takes out those of the set for which `gone` is true; answers how many. */
  removeIf(gone: (uid: number) => boolean): number {
    let kept = 0;
    for (let i = 0; i < this.#length; i++) {
      const uid = this.#uids[i]!;
      if (!gone(uid)) this.#uids[kept++] = uid;
    }
    const removed = this.#length - kept;
    this.#shrinkTo(kept);
    return removed;
  }
  /** Takes out one UID; false when it is not there. */
  remove(uid: number): boolean {
    const at = this.countBelow(uid);
    if (at === this.#length || this.#uids[at] !== uid) return false;
    this.#uids.copyWithin(at, at + 1, this.#length);
    this.#shrinkTo(this.#length - 1);
    return true;
  }
  /** Takes out the lowest `count`, in rising order. */
  takeFirst(count: number): number[] {
    const taken = [...this.#uids.subarray(0, Math.min(count, this.#length))];
    this.#uids.copyWithin(0, taken.length, this.#length);
    this.#shrinkTo(this.#length - taken.length);
    return taken;
  }
  clear(): void {
    this.#shrinkTo(0);
  }
  /** One UID, where there is room for it. */
  #insert(uid: number): void {
    const at = this.countBelow(uid);
    if (this.#uids[at] === uid) return;
    this.#uids.copyWithin(at + 1, at, this.#length);
    this.#uids[at] = uid;
    this.#length++;
  }
  #append(rising: readonly number[]): void {
    const length = this.#length + rising.length;
    if (length > this.#uids.length) {
      const room = new Uint32Array(roomFor(length));
      room.set(this.#uids.subarray(0, this.#length));
      this.#uids = room;
    }
    this.#uids.set(rising, this.#length);
    this.#length = length;
  }
  /** An empty set holds no memory: most views have nothing to tell most of the time. */
  #shrinkTo(length: number): void {
    this.#length = length;
    if (length === 0) this.#uids = NONE;
    else if (length * 4 < this.#uids.length) this.#uids = this.#uids.slice(0, roomFor(length));
  }
}

function roomFor(length: number): number {
  return length <= 2 ? 2 : Math.ceil(length * 1.25);
}
