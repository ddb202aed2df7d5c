import type { CopyOutcome } from "../../mail/mailbox_ask.ts";
import { readUids } from "./row_pages.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";

/** Messages of one COPY or MOVE: all or none are copied, in one change. */
const COPY_UIDS_MAX = 100_000;

/** COPY and MOVE (RFC 9051 §6.4.7, RFC 6851): messages that are gone already are passed over, as by UID COPY. */
export function copy(state: State, request: Asked<"mailbox.copy">, reply: Answer<"mailbox.copy">): void {
  const { shard, views } = state;
  const { account, view: id, set, to, move } = request;
  const open = views.live(account, id);
  const target = shard.mailboxNamed(account, to);
  if (target === null || target.mailbox === 0) return reply.ok({ type: "missing" });
  const { uids, next } = readUids(shard, open, { uids: open.view.uidsOf(set), after: 0, limit: COPY_UIDS_MAX });
  if (next !== null) return reply.ok({ type: "limit" });
  answerLater(state, copyTo(state, open, { mailbox: target.mailbox, uids, move }), reply);
}

interface Copying {
  readonly mailbox: number;
  readonly uids: readonly number[];
  readonly move: boolean;
}

function copyTo({ shard, clock }: State, open: OpenView, { mailbox, uids, move }: Copying): Promise<CopyOutcome> {
  const { account, quotaBytes, of } = open;
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
