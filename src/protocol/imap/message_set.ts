import type { MessageSet } from "../../mail/mailbox_view.ts";
import { SET_RANGES_MAX } from "./grammar/syntax_limits.ts";

/**
 * Whether a set names sequence numbers that no message has (RFC 9051 §9 seq-number: an error). A range that ends in "*" is
 * whatever there is: clients ask for 1:* of empty mailboxes.
 */
export function isBeyond(set: MessageSet, exists: number): boolean {
  if (set.by !== "sequence") return false;
  for (let at = 0; at < set.pairs.length; at += 2) {
    const [first, last] = [set.pairs[at]!, set.pairs[at + 1]!];
    if (first !== 0 && last !== 0 && Math.max(first, last) > exists) return true;
  }
  return false;
}

/** Pairs of UIDs as sets, none with more ranges than a client's own may have: that is what the owner of the mailboxes takes. */
export function setsOfUids(pairs: readonly number[]): MessageSet[] {
  const sets: MessageSet[] = [];
  for (let at = 0; at < pairs.length; at += 2 * SET_RANGES_MAX) {
    sets.push({ by: "uid", pairs: pairs.slice(at, at + 2 * SET_RANGES_MAX) });
  }
  return sets;
}
