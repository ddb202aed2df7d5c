import { Failure } from "../../base/mod.ts";
import type { QueueProtocol } from "../../messages/mod.ts";
import type { QueueEngine } from "./engine.ts";

/** Items looked at in one turn, and changed at a time: their changes share a flush. */
const LOOK_PER_TURN = 500;
const TURN_AT_ONCE = 200;
/** Walks under way at a time; whoever wants another one is told to come again. */
const WALKS_MAX = 8;
/** Time before the same is looked for again, in ms: what it makes due is being tried. */
const AGAIN_MS = 10_000;
/** Walks that are remembered for that. */
const REMEMBERED_MAX = 1_000;
/** Longest that the asker waits for the count, in ms. */
const COUNT_MS_MAX = 3_000;

type Turned = QueueProtocol["queue.turn"]["reply"];

/**
 * Runs of the queue that other servers ask for (RFC 1985). Only mail that was tried in vain is meant: what its sender, a list or an
 * operator holds back goes on to wait, and so does all to a destination that an operator has suspended.
 */
export class QueueTurns {
  /** When a walk may be taken again, in queue time (ms), by what it was for. Oldest first; Infinity while it is under way. */
  readonly #until = new Map<string, number>();
  #walks = 0;

  constructor(private readonly engine: QueueEngine, private readonly pause: () => Promise<void>) {}

  async turn({ domain, below }: QueueProtocol["queue.turn"]["request"]): Promise<Turned> {
    if (!this.engine.isLoaded) throw new Failure("busy", "the queue is being loaded");
    const { store, clock, log } = this.engine.services;
    const key = `${below ? "@" : ""}${domain}`;
    if ((this.#until.get(key) ?? 0) > store.nowMs()) return { type: "begun" };
    if (this.#walks >= WALKS_MAX) throw new Failure("busy", "too many runs of the queue at a time");
    this.#walks++;
    this.#remember(key, Infinity);
    const counted = this.#walk(domain, below).then((items) => {
      log.info("queue turned", { domain, below, items });
      return { type: "counted", items } as const;
    }).finally(() => {
      this.#walks--;
      this.#remember(key, store.nowMs() + AGAIN_MS);
    });
    return await new Promise((resolve, reject) => {
      const cancel = clock.after(COUNT_MS_MAX, () => resolve({ type: "pending" }));
      counted.finally(cancel).then(resolve, reject);
    });
  }

  #remember(key: string, untilMs: number): void {
    this.#until.delete(key);
    this.#until.set(key, untilMs);
    for (const [oldest, until] of this.#until) {
      if (this.#until.size <= REMEMBERED_MAX) break;
      if (until !== Infinity) this.#until.delete(oldest);
    }
  }

  async #walk(domain: string, below: boolean): Promise<number> {
    const { newest, services: { store } } = this.engine;
    let count = 0;
    for (let last = 0;;) {
      const page = below
        ? store.schedule(last, LOOK_PER_TURN).map(({ item }) => item)
        : store.itemsOf(domain, last, LOOK_PER_TURN);
      for (let at = 0; at < page.length; at += TURN_AT_ONCE) {
        const group = page.slice(at, at + TURN_AT_ONCE).filter((item) => item <= newest);
        const turned = await Promise.all(group.map((item) => this.#turnItem(item, domain, below)));
        count += turned.filter((each) => each).length;
      }
      last = page.at(-1) ?? last;
      if (page.length < LOOK_PER_TURN || last >= newest) return count;
      await this.pause();
    }
  }

  /** Whether an item is one of those that go out now. */
  async #turnItem(number: number, domain: string, below: boolean): Promise<boolean> {
    const { engine } = this;
    const item = engine.rows.item(number);
    if (item === null || item.held) return false;
    const isMeant = item.destination === domain || (below && item.destination.endsWith(`.${domain}`));
    if (!isMeant) return false;
    const isDue = item.dueMs <= engine.services.store.nowMs();
    if (isDue || engine.isActive(number)) return true;
    return item.attempts > 0 && await engine.operate(number, "retry");
  }
}
