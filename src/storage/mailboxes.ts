import type { IndexEnv } from "./disk/index_env.ts";
import { aclAfter, type KeyRange, mailAfter, readMailKey } from "./layout/keys.ts";

/**
 * The mailboxes that have or had mail, of one account or of all, in the order of their keys. Skips their rows; holds no
 * cursor between two of them, so the index may change meanwhile.
 */
export function mailboxesIn(index: IndexEnv, account?: string): Iterable<MailboxPlace> {
  return placesIn(index, (last) => mailAfter(last, account));
}

/** The mailboxes that have rights of others beside them. */
export function sharedIn(index: IndexEnv): Iterable<MailboxPlace> {
  return placesIn(index, aclAfter);
}

interface MailboxPlace {
  readonly account: string;
  readonly mailbox: number;
}

function* placesIn(index: IndexEnv, after: (last: MailboxPlace | null) => KeyRange): Iterable<MailboxPlace> {
  for (let last: MailboxPlace | null = null;;) {
    const [next]: { readonly key: Uint8Array }[] = index.range({ ...after(last), limit: 1 });
    if (next === undefined) return;
    last = readMailKey(next.key);
    yield last;
  }
}
