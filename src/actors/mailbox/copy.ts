import type { CopyOutcome } from "../../mail/mailbox_ask.ts";
import { readUids } from "./row_pages.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import type { Ranges } from "./views/mod.ts";

/** Messages of one COPY or MOVE: all or none are copied, in one change. */
const COPY_UIDS_MAX = 100_000;
/** UIDs looked up in one turn: some ms. */
const READ_UIDS_MAX = 5_000;

/** COPY and MOVE (RFC 9051 §6.4.7, RFC 6851): messages that are gone already are passed over, as by UID COPY. */
export function copy(state: State, request: Asked<"mailbox.copy">, reply: Answer<"mailbox.copy">): void {
  const { shard, views } = state;
  const { account, view: id, set, to, move } = request;
  const open = move ? views.writable(account, id) : views.live(account, id);
  const target = shard.mailboxNamed(account, to);
  if (target === null || target.mailbox === 0) return reply.ok({ type: "missing" });
  const uids = open.view.uidsOf(set);
  answerLater(state, copyTo(state, open, { mailbox: target.mailbox, uids, move }), reply);
}

interface Copying {
  readonly mailbox: number;
  readonly uids: Ranges;
  readonly move: boolean;
}

async function copyTo(state: State, open: OpenView, { mailbox, uids: named, move }: Copying): Promise<CopyOutcome> {
  const { shard, clock, turns } = state;
  const { account, quotaBytes, of } = open;
  const uids: number[] = [];
  for (let after: number | null = 0; after !== null;) {
    const step = readUids(shard, open, { uids: named, after, limit: READ_UIDS_MAX });
    for (const uid of step.uids) uids.push(uid);
    if (uids.length > COPY_UIDS_MAX) return { type: "limit" };
    after = step.next;
    if (after !== null) await turns.next();
  }
  const savedMs = clock.wallMs();
  return shard.copy({
    from: { account, mailbox: of.mailbox },
    to: { account, mailbox },
    uids,
    quotaBytes,
    move,
    savedMs,
  });
}
