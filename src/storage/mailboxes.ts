import type { IndexEnv } from "./index_env.ts";
import { mailAfter, readMailKey } from "./keys.ts";

/**
 * The mailboxes that have or had mail, of one account or of all, in the order of their keys. Skips their rows; holds no
 * cursor between two of them, so the index may change meanwhile.
 */
export function* mailboxesIn(index: IndexEnv, account?: string): Iterable<{ account: string; mailbox: number }> {
  for (let last: { account: string; mailbox: number } | null = null;;) {
    const [next] = index.range({ ...mailAfter(last, account), limit: 1 });
    if (next === undefined) return;
    last = readMailKey(next.key);
    yield last;
  }
}
