/** Removals after which a map or set is made anew, at least. */
const REMOVED_MAX = 128;

/**
 * A Map for what comes and goes all the time. V8's own takes a new table when the old one is used up by what was removed, and
 * the old one points to it. Once one of them has outlived two collections of young objects, so do all that follow it, with
 * whatever was in them, until a collection of everything: each entry is copied twice, which costs more than the work that it is
 * kept for. So the map is made anew from time to time, and nothing old points to its table. An iteration that is under way then
 * goes on over what there was.
 */
export class RenewedMap<K, V> {
  #map = new Map<K, V>();
  #removed = 0;

  get size(): number {
    return this.#map.size;
  }
  get(key: K): V | undefined {
    return this.#map.get(key);
  }
  has(key: K): boolean {
    return this.#map.has(key);
  }
  set(key: K, value: V): this {
    this.#map.set(key, value);
    return this;
  }
  /** True when it was there. */
  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false;
    // As many were removed as are copied now: however many there are, it comes to one copy for each.
    if (++this.#removed >= Math.max(REMOVED_MAX, this.#map.size)) this.#renew();
    return true;
  }
  clear(): void {
    this.#map = new Map();
    this.#removed = 0;
  }
  keys(): MapIterator<K> {
    return this.#map.keys();
  }
  values(): MapIterator<V> {
    return this.#map.values();
  }
  entries(): MapIterator<[K, V]> {
    return this.#map.entries();
  }
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map.entries();
  }
  #renew(): void {
    this.#map = new Map(this.#map);
    this.#removed = 0;
  }
}

/** A Set for what comes and goes all the time: as `RenewedMap`. */
export class RenewedSet<T> {
  readonly #map = new RenewedMap<T, null>();

  get size(): number {
    return this.#map.size;
  }
  has(value: T): boolean {
    return this.#map.has(value);
  }
  add(value: T): this {
    this.#map.set(value, null);
    return this;
  }
  /** True when it was there. */
  delete(value: T): boolean {
    return this.#map.delete(value);
  }
  clear(): void {
    this.#map.clear();
  }
  values(): MapIterator<T> {
    return this.#map.keys();
  }
  [Symbol.iterator](): MapIterator<T> {
    return this.#map.keys();
  }
}
