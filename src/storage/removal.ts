import { rangesOfRising } from "../mail/ranges.ts";
import { dropColumns } from "./columns/columns.ts";
import type { ShardHeader } from "./header.ts";
import {
  besidesMailOf,
  mailboxKey,
  rangesOfMailbox,
  readRowsBlock,
  removedKey,
  rowsFrom,
  treeKey,
} from "./layout/keys.ts";
import { mailboxesIn } from "./mailboxes.ts";
import { BLOCK_UIDS, readBlocks } from "./row_block.ts";
import type { RowChanges } from "./row_changes.ts";
import { decodeTreeHead } from "./account/tree_rows.ts";
import type { ShardView } from "./view.ts";

/** How far a removal in steps is. Messages of a mailbox that was removed before do not count for those who ask. */
export interface RemovalStep {
  /** Messages that went. */
  readonly removed: number;
  readonly more: boolean;
}

/** One step of taking away what a removed mailbox left: bounded, so that a large one goes in many records. */
export function sweepMailbox(
  view: ShardView,
  rows: RowChanges,
  at: { account: string; mailbox: number; limit: number },
): RemovalStep {
  const { account, mailbox, limit } = at;
  const { index } = view;
  view.flush();
  if (view.removed(account, mailbox) === null) return { removed: 0, more: false };
  view.drop(account, mailbox);
  const blocksMax = Math.max(1, Math.floor(limit / BLOCK_UIDS));
  const blocks = index.range({ ...rowsFrom(account, mailbox, 0), limit: blocksMax });
  const found = readBlocks(blocks);
  for (const { body } of found) view.bodies.release(body);
  for (const { key } of blocks) {
    index.remove(key);
    dropColumns(index, at, readRowsBlock(key));
  }
  if (found.length > 0) rows.freed = true;
  if (blocks.length >= blocksMax) return { removed: found.length, more: true };
  for (const range of rangesOfMailbox(account, mailbox)) {
    const entries = index.range({ ...range, limit });
    for (const { key } of entries) index.remove(key);
    if (entries.length >= limit) return { removed: found.length, more: true };
  }
  index.remove(mailboxKey(account, mailbox));
  index.remove(removedKey(account, mailbox));
  return { removed: found.length, more: false };
}

/**
 * One step of removing an account. When no message is left, what is known of the mailboxes goes too, and `renew` makes sure that
 * none of their names can bring an old UID back.
 */
export function purgeAccount(
  view: ShardView,
  rows: RowChanges,
  op: { account: string; limit: number },
  renew: (change: (header: ShardHeader) => ShardHeader) => void,
): RemovalStep {
  const { account, limit } = op;
  const { index } = view;
  view.flush();
  let removed = 0;
  let steps = 0;
  for (const { mailbox: number } of mailboxesIn(index, account)) {
    if (view.removed(account, number) !== null) {
      const swept = sweepMailbox(view, rows, { account, mailbox: number, limit });
      if (swept.more) return { removed, more: true };
      steps += swept.removed;
    }
    const mailbox = view.mailbox(account, number);
    if (mailbox !== null && mailbox.counters.messages > 0) {
      const found = readBlocks(index.range({ ...rowsFrom(account, number, 0), limit }));
      const some = found.slice(0, limit - removed).map(({ uid }) => uid);
      removed += rows.expunge(mailbox, rangesOfRising(some), mailbox.counters.highestModSeq + 1).length;
    }
    if (removed >= limit || ++steps >= limit) return { removed, more: true };
  }
  view.flush();
  const stored = index.get(treeKey(account, ""));
  const [tree, ...others] = besidesMailOf(account);
  for (const range of others) {
    const entries = index.range({ ...range, limit });
    for (const { key } of entries) index.remove(key);
    if (entries.length >= limit) return { removed, more: true };
  }
  for (const { mailbox } of mailboxesIn(index, account)) {
    index.remove(mailboxKey(account, mailbox));
    renew((header) => ({ ...header, uidValidity: Math.min(header.uidValidity + 1, 0xffff_ffff) }));
  }
  if (stored === undefined || tree === undefined) return { removed, more: false };
  const { epochNext } = decodeTreeHead(stored);
  renew((header) => ({ ...header, uidValidity: Math.max(header.uidValidity, epochNext) }));
  for (const { key } of index.range({ ...tree, limit: Infinity })) index.remove(key);
  return { removed, more: false };
}
