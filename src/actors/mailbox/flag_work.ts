import type { AccountId } from "../../mail/account.ts";

/**
 * Changes of flags that are on their way to the disk, by mailbox. Who removes messages because of a flag must wait for them and
 * look again: what was acknowledged as not deleted any more must not go.
 */
export class FlagWork {
  readonly #work = new Map<string, Set<Promise<unknown>>>();

  /** Notes a change until it has ended. */
  async during<T>(account: AccountId, mailbox: number, work: Promise<T>): Promise<T> {
    const key = `${mailbox}/${account}`;
    const all = this.#work.get(key) ?? new Set();
    this.#work.set(key, all.add(work));
    try {
      return await work;
    } finally {
      all.delete(work);
      if (all.size === 0) this.#work.delete(key);
    }
  }
  /** Whether changes of this mailbox are under way. */
  busy(account: AccountId, mailbox: number): boolean {
    return this.#work.has(`${mailbox}/${account}`);
  }
  /** Resolves when those that are under way now have ended, well or not. */
  async settled(account: AccountId, mailbox: number): Promise<void> {
    await Promise.allSettled(this.#work.get(`${mailbox}/${account}`) ?? []);
  }
}
