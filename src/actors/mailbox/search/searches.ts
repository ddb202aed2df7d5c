import { Failure } from "../../../base/mod.ts";
import type { AccountId } from "../../../mail/account.ts";

/** Searches of one account that go on at once. */
const RUNNING_MAX = 2;
/** Searches of one account that wait for those. */
const WAITING_MAX = 50;

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}

/** Bounds the searches of each account: those beyond it wait, and beyond that are told `busy`. */
export class Searches {
  readonly #accounts = new Map<AccountId, Queue>();

  async run<T>(account: AccountId, search: () => Promise<T>): Promise<T> {
    const queue = this.#accounts.get(account) ?? { running: 0, waiting: [] };
    this.#accounts.set(account, queue);
    if (queue.running >= RUNNING_MAX) {
      if (queue.waiting.length >= WAITING_MAX) throw new Failure("busy", "too many searches of one account");
      await new Promise<void>((resolve) => void queue.waiting.push(resolve));
    } else queue.running++;
    try {
      return await search();
    } finally {
      const next = queue.waiting.shift();
      if (next !== undefined) next();
      else if (--queue.running === 0) this.#accounts.delete(account);
    }
  }
}
