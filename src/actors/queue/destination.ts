import { type ReadyItem, ReadyItems } from "./ready_items.ts";

/** Items of one destination that are sorted by sender and priority; more wait behind them in the order they fell due. */
const SORTED_MAX = 1_000;

/** Faults in a row after which a destination is taken for down, and what waits for it is deferred without an attempt. */
export const FAULTS_MAX = 3;

/** How many transactions one destination is given. */
export interface ConcurrencyLimits {
  readonly first: number;
  readonly max: number;
  /** How many more are handed to the delivery worker while the destination is quick, to wait there for their turn; absent: none. */
  readonly ahead?: number;
}

/**
 * For each transaction so many more are handed on: one whose mail follows over the connection while this one's reply is on its
 * way, and one that is there to follow that one.
 */
const AHEAD_EACH = 2;

/** A destination is quick when a transaction, its wait for a turn included, takes no longer, in ms. */
const QUICK_MS = 100;

/** Items that one destination has waiting, and how it bears what it is sent. */
export class Destination {
  readonly #sorted = new ReadyItems();
  #behind: number[] = [];
  #behindAt = 0;
  #window: number;
  #quick = false;
  /** Transactions under way. */
  active = 0;
  /** Faults in a row. */
  faults = 0;
  /** Its faults are remembered until then, in queue time (ms). */
  rememberUntilMs = 0;
  /** It is left alone until then, in queue time (ms). */
  restUntilMs = 0;
  /** An operator wants it left alone until then; Infinity: until told otherwise. */
  suspendedUntilMs = 0;

  constructor(readonly name: string, private readonly limits: ConcurrencyLimits) {
    this.#window = Math.min(limits.first, limits.max);
  }

  get waiting(): number {
    return this.#sorted.size + this.#behind.length - this.#behindAt;
  }

  /** Whether there is room among the sorted ones; else `offerBehind`, which needs only the number. */
  get hasRoom(): boolean {
    return this.#sorted.size < SORTED_MAX && this.#behind.length === this.#behindAt;
  }

  offer(item: ReadyItem): void {
    this.#sorted.push(item);
  }

  offerBehind(item: number): void {
    this.#behind.push(item);
  }

  /** Whether a transaction may begin now, or, when `mayWait`, be handed on to wait for its turn. */
  mayStart(nowMs: number, mayWait: boolean): boolean {
    const window = Math.floor(this.#window);
    const ahead = this.#quick && mayWait ? Math.min(AHEAD_EACH * window, this.limits.ahead ?? 0) : 0;
    return this.active < window + ahead && !this.isResting(nowMs) && this.waiting > 0;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.restsUntilMs;
  }

  /** Until when it is left alone, for whichever reason. */
  get restsUntilMs(): number {
    return Math.max(this.restUntilMs, this.suspendedUntilMs);
  }

  /** Whether nothing is worth remembering. */
  isIdle(nowMs: number): boolean {
    const faulty = this.faults > 0 && nowMs < this.rememberUntilMs;
    return this.active === 0 && this.waiting === 0 && !faulty && !this.isResting(nowMs);
  }

  /** Takes out the item whose turn it is. `sort` tells whose one of those behind is, or null when it need not be tried any more. */
  take(sort: (item: number) => ReadyItem | null): number | null {
    while (this.#sorted.size < SORTED_MAX && this.#behindAt < this.#behind.length) {
      const ready = sort(this.#behind[this.#behindAt++]!);
      if (ready !== null) this.#sorted.push(ready);
    }
    if (this.#behindAt === this.#behind.length) {
      this.#behind = [];
      this.#behindAt = 0;
    }
    return this.#sorted.shift();
  }

  /** It took a mail, within so many ms: one transaction more for each window of them that went well, as TCP opens its window. */
  wentWell(ms: number): void {
    this.faults = 0;
    this.#quick = ms <= QUICK_MS;
    this.#window = Math.min(this.limits.max, this.#window + 1 / this.#window);
  }

  /** It failed as a whole: half of what it is given now, one at least. */
  faulted(): void {
    this.faults++;
    this.#quick = false;
    this.#window = Math.max(1, this.#window / 2);
  }
}
