import { type ConcurrencyLimits, Destination, FAULTS_MAX } from "./destination.ts";
import type { ReadyItem } from "./ready_items.ts";

/** First and longest rest of a destination that is down, in ms; doubled from fault to fault. */
const REST_MS_MIN = 30_000;
const REST_MS_MAX = 900_000;

/** How long faults are remembered, in ms. */
const REMEMBER_MS = 3_600_000;

/** Destinations known at a time before those are looked for that can be forgotten. */
const KNOWN_MAX = 10_000;

/** What all destinations together may be given. */
export interface DispatchLimits {
  /** Transactions under way. */
  readonly attemptsMax: number;
  readonly perDestination: ConcurrencyLimits;
}

/** Decides which of the items that are due is tried next: destinations in turn, each as far as it bears it. */
export class Dispatcher {
  readonly #destinations = new Map<string, Destination>();
  /** Destinations that have items waiting, in the order of their turns. */
  readonly #turns = new Set<Destination>();
  /** Destinations that have items waiting and are left alone. */
  readonly #resting = new Set<Destination>();
  #wakeMs = Infinity;
  /** How many destinations may be known before the next sweep: each sweep is paid for by as many new ones. */
  #sweepAt = KNOWN_MAX;
  #active = 0;

  constructor(private readonly limits: DispatchLimits) {}

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    let sum = 0;
    for (const destination of this.#turns) sum += destination.waiting;
    for (const destination of this.#resting) sum += destination.waiting;
    return sum;
  }

  destination(name: string, nowMs: number): Destination {
    let destination = this.#destinations.get(name);
    if (destination === undefined) {
      if (this.#destinations.size >= this.#sweepAt) this.#sweep(nowMs);
      destination = new Destination(name, this.limits.perDestination);
      this.#destinations.set(name, destination);
    }
    return destination;
  }

  known(name: string): Destination | null {
    return this.#destinations.get(name) ?? null;
  }

  /** An item is due. `ready` is asked for only when there is room to sort it; false when it answers that it need not be tried. */
  offer(name: string, entry: { readonly item: number; ready(): ReadyItem | null }, nowMs: number): boolean {
    const destination = this.destination(name, nowMs);
    if (destination.hasRoom) {
      const ready = entry.ready();
      if (ready === null) return false;
      destination.offer(ready);
    } else destination.offerBehind(entry.item);
    if (!this.#resting.has(destination)) this.#turns.add(destination);
    return true;
  }

  /** The next item to be tried, counted as active from now on; null when none may begin. */
  next(nowMs: number, sort: (item: number) => ReadyItem | null): { item: number; destination: Destination } | null {
    const { attemptsMax, perDestination } = this.limits;
    if (this.#active >= attemptsMax) return null;
    // What only waits for its turn leaves room for all that another destination may be given: the first may come to a standstill.
    const mayWait = this.#active < attemptsMax - perDestination.max;
    for (const destination of this.#turns) {
      if (destination.isResting(nowMs)) this.#layDown(destination);
      if (!destination.mayStart(nowMs, mayWait)) continue;
      const item = destination.take(sort);
      this.#turns.delete(destination);
      if (destination.waiting > 0) this.#turns.add(destination); // At the end: the others come first.
      if (item === null) continue;
      destination.active++;
      this.#active++;
      return { item, destination };
    }
    return null;
  }

  /** An item that `next` gave is done with, or was not to be tried after all. */
  ended(destination: Destination, nowMs: number): void {
    destination.active--;
    this.#active--;
    this.forget(destination, nowMs);
  }

  /**
   * The destination failed as a whole. True when it is taken for down from now on: it rests, and what waits for it is to be
   * deferred.
   */
  faulted(destination: Destination, nowMs: number): boolean {
    destination.faulted();
    destination.rememberUntilMs = nowMs + REMEMBER_MS;
    if (destination.faults < FAULTS_MAX) return false;
    const rests = destination.faults - FAULTS_MAX;
    destination.restUntilMs = nowMs + Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** Math.min(rests, 20));
    return true;
  }

  /** Takes out up to `limit` items that wait for a destination. */
  drain(destination: Destination, limit: number, sort: (item: number) => ReadyItem | null): number[] {
    const items: number[] = [];
    while (items.length < limit && destination.waiting > 0) {
      const item = destination.take(sort);
      if (item !== null) items.push(item);
    }
    if (destination.waiting === 0) {
      this.#turns.delete(destination);
      this.#resting.delete(destination);
    }
    return items;
  }

  /** When the first destination has rested, in queue time; null when none rests. */
  nextWakeMs(): number | null {
    return this.#wakeMs === Infinity ? null : this.#wakeMs;
  }

  /** Takes up again those that have rested. Called every turn: looks at them only when the first may have. */
  wake(nowMs: number): void {
    if (nowMs < this.#wakeMs) return;
    this.#wakeMs = Infinity;
    for (const destination of this.#resting) {
      if (destination.isResting(nowMs)) this.#wakeMs = Math.min(this.#wakeMs, destination.restsUntilMs);
      else {
        this.#resting.delete(destination);
        this.#turns.add(destination);
      }
    }
  }

  /** A destination need not rest any more, or not so long. */
  rouse(destination: Destination): void {
    if (this.#resting.has(destination)) this.#wakeMs = 0;
  }

  #layDown(destination: Destination): void {
    this.#turns.delete(destination);
    this.#resting.add(destination);
    this.#wakeMs = Math.min(this.#wakeMs, destination.restsUntilMs);
  }

  /** Lets go of a destination that nothing is known of but that it is well. */
  forget(destination: Destination, nowMs: number): void {
    if (destination.isIdle(nowMs)) this.#destinations.delete(destination.name);
  }

  #sweep(nowMs: number): void {
    for (const destination of this.#destinations.values()) this.forget(destination, nowMs);
    this.#sweepAt = Math.max(KNOWN_MAX, 2 * this.#destinations.size);
  }

  /** Those that rest after faults of their own. */
  *resting(nowMs: number): Iterable<Destination> {
    for (const destination of this.#destinations.values()) if (nowMs < destination.restUntilMs) yield destination;
  }

  /** Those an operator has suspended. */
  *suspended(nowMs: number): Iterable<Destination> {
    for (const destination of this.#destinations.values()) if (nowMs < destination.suspendedUntilMs) yield destination;
  }
}
