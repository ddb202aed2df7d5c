import type { IndexEnv } from "./disk/index_env.ts";
import { mailboxKey } from "./layout/keys.ts";
import { mailboxesIn } from "./mailboxes.ts";
import { decodeMailbox, encodeMailbox } from "./layout/values.ts";

/**
 * By so much the MODSEQ of a mailbox rises when changes may have been lost that somebody was told of: beyond all that they were
 * given. RFC 7162 §3.1: no two changes have the same one.
 */
export const MODSEQ_JUMP = 2 ** 20;

/** Lets the MODSEQs of all mailboxes jump: O(mailboxes). */
export function jumpModSeqs(index: IndexEnv): void {
  for (const { account, mailbox } of mailboxesIn(index)) {
    const key = mailboxKey(account, mailbox);
    const stored = index.get(key);
    if (stored === undefined) continue;
    const counters = decodeMailbox(stored);
    index.put(key, encodeMailbox({ ...counters, highestModSeq: counters.highestModSeq + MODSEQ_JUMP }));
  }
}
