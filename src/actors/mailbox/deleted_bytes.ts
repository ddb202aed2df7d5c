import { Flag } from "../../mail/flag.ts";
import { RowColumns } from "../../mail/row_columns.ts";
import { UID_MAX } from "../../mail/uid.ts";
import type { MailboxRef } from "../../storage/mod.ts";
import { placeWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";

/** Rows looked at in one turn: some ms. */
const LOOKED_MAX = 10_000;

/** DELETED-STORAGE (RFC 9208 §4.1.4): found by looking at the rows, as nobody keeps count of what few ask for. */
export function deletedBytes(
  state: State,
  { account, name }: Asked<"mailbox.deletedBytes">,
  reply: Answer<"mailbox.deletedBytes">,
): void {
  const place = placeWith(state, account, name, "r");
  if (place === null) return reply.ok({ bytes: 0 });
  answerLater(state, count(state, { account: place.owner, mailbox: place.node.mailbox }), reply);
}

async function count({ shard, turns }: State, { account, mailbox }: MailboxRef): Promise<{ readonly bytes: number }> {
  let { deleted: left } = shard.status(account, mailbox);
  let bytes = 0;
  const wanted = { ranges: [1, UID_MAX], modSeqAbove: 0, rankOf: () => 0, lookedMax: LOOKED_MAX };
  for (let after: number | null = 0; after !== null && left > 0;) {
    await turns.next();
    const rows = new RowColumns(LOOKED_MAX);
    after = shard.fillRows(account, mailbox, { ...wanted, after }, rows);
    for (let i = 0; i < rows.count; i++) {
      if ((rows.flags[i]! & Flag.deleted) === 0) continue;
      bytes += rows.size[i]!;
      left--;
    }
  }
  return { bytes };
}
