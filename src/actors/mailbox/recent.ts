import type { MailboxStatus } from "../../mail/mailbox_state.ts";
import type { State } from "./state.ts";
import type { OpenMailbox } from "./view_book.ts";

/** Messages that are counted one by one because they are recent; of more the counts of the mailbox are made. */
const RECENT_ROWS = 640;

interface At {
  readonly of: OpenMailbox;
  readonly status: MailboxStatus;
}

/** How many messages have this UID or a higher one: mostly few, which are counted one by one. */
export function countFrom(
  { shard }: Pick<State, "shard">,
  { of: { account, mailbox, order }, status }: At,
  uid: number,
): number {
  if (uid >= status.uidNext) return 0;
  if (uid <= 1) return status.messages;
  const { rows, more } = shard.rowsAt(account, mailbox, uid - 1, { limit: RECENT_ROWS, index: false });
  return more ? status.messages - order.rank(uid) : rows.length;
}
