import { RenewedMap } from "../../base/mod.ts";

/** An item that may be tried now. */
export interface ReadyItem {
  readonly item: number;
  /** Whose turn it takes: items of different senders go in turn. */
  readonly sender: string;
  /** MT-PRIORITY (RFC 6710): higher ones go first. */
  readonly priority: number;
}

/** Items of one destination that may be tried now: by priority, then each sender in turn, then in order of arrival. */
export class ReadyItems {
  readonly #byPriority = new Map<number, Turns>();
  /** The highest of the priorities; those of a busy destination seldom change. */
  #first: number | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push({ item, sender, priority }: ReadyItem): void {
    let turns = this.#byPriority.get(priority);
    if (turns === undefined) {
      if (this.#size === 0) this.#byPriority.clear();
      this.#byPriority.set(priority, turns = new Turns());
      this.#first = null;
    }
    turns.push(sender, item);
    this.#size++;
  }

  /** Takes out the item whose turn it is; null when there is none. */
  shift(): number | null {
    if (this.#size === 0) return null;
    const priority = this.#first ??= Math.max(...this.#byPriority.keys()); // RFC 6710 has nineteen values.
    const turns = this.#byPriority.get(priority)!;
    const item = turns.shift();
    this.#size--;
    // The last of them is kept: the next item is likely to be of the same priority.
    if (!turns.empty || this.#byPriority.size === 1) return item;
    this.#byPriority.delete(priority);
    this.#first = null;
    return item;
  }
}

/** Senders and their items; a Map keeps the order in which they take turns. */
class Turns {
  readonly #lanes = new RenewedMap<string, number[]>();

  get empty(): boolean {
    return this.#lanes.size === 0;
  }

  push(sender: string, item: number): void {
    const lane = this.#lanes.get(sender);
    if (lane === undefined) this.#lanes.set(sender, [item]);
    else lane.push(item);
  }

  shift(): number {
    const [sender, lane] = this.#lanes.entries().next().value!;
    const item = lane.shift()!;
    this.#lanes.delete(sender);
    if (lane.length > 0) this.#lanes.set(sender, lane);
    return item;
  }
}
