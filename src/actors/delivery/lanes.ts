import type { Conversation } from "./conversation.ts";

interface Lane {
  readonly widthMax: number;
  /** Attempts in it. */
  members: number;
  /** Those that may have a connection. */
  active: number;
  /** Those that may go on when another one leaves, in their order. */
  readonly waiting: Set<Place>;
}

/** Sends a mail at once behind the one of a conversation. */
type Follow = (conversation: Conversation) => void;

/** The place of an attempt in the lane of its destination: who has one may have a connection. */
export class Place {
  #own = false;
  #wake: (() => void) | null = null;
  #wanted: { readonly key: string; readonly follow: Follow } | null = null;

  constructor(private readonly lane: Lane) {
    this.#queue();
  }

  /** Whether it may have a connection. */
  get own(): boolean {
    return this.#own;
  }

  /** Calls back, once, when it may have a connection: at once if it may already. */
  whenOwn(wake: () => void): void {
    // Whoever has lent its place stands in line again only now.
    if (!this.#own) this.#queue();
    if (this.#own) wake();
    else this.#wake = wake;
  }

  /** Until it may have a connection, `follow` is called with the first one to the target of this key whose mail it may follow. */
  want(key: string, follow: Follow): void {
    if (!this.#own) this.#wanted = { key, follow };
  }

  /**
   * The mail of this attempt is out, and another one may follow it over its connection: if one wants to, that one has the
   * connection and the place from now on. False when there is none.
   */
  lend(key: string, conversation: Conversation): boolean {
    if (!this.#own) return false;
    for (const other of this.lane.waiting) {
      if (other.#wanted?.key !== key) continue;
      const { follow } = other.#wanted;
      this.#own = false;
      other.#wake = null;
      other.take();
      follow(conversation);
      return true;
    }
    return false;
  }

  #queue(): void {
    const { lane } = this;
    if (lane.active === lane.widthMax) return void lane.waiting.add(this);
    lane.active++;
    this.#own = true;
  }

  /** It has the place of another one. For `Lanes`. */
  take(): void {
    const wake = this.#wake;
    this.#wake = this.#wanted = null;
    this.#own = true;
    this.lane.waiting.delete(this);
    wake?.();
  }
}

/**
 * Attempts at each destination, so many with a connection at a time: the queue hands out more to one that is quick, so that the
 * next attempt is there when one ends, or its mail follows. Those beyond wait in their order.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly widthMax: number) {}

  /** How many wait at most is bounded by the attempts that the worker takes. */
  enter(destination: string): Place {
    let lane = this.#lanes.get(destination);
    if (lane === undefined) {
      lane = { widthMax: this.widthMax, members: 0, active: 0, waiting: new Set() };
      this.#lanes.set(destination, lane);
    }
    lane.members++;
    return new Place(lane);
  }

  /** An attempt has ended; whoever has waited longest has its place, if it had one. */
  leave(destination: string, place: Place): void {
    const lane = this.#lanes.get(destination);
    if (lane === undefined) return; // All were forgotten meanwhile.
    if (--lane.members === 0) this.#lanes.delete(destination);
    if (!place.own) return void lane.waiting.delete(place);
    for (const next of lane.waiting) return next.take();
    lane.active--;
  }

  /** Forgets those that wait: their turn never comes. */
  clear(): void {
    this.#lanes.clear();
  }
}
