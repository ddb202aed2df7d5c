import { Flag } from "../../mail/flag.ts";
import type { ModSeq } from "../../mail/uid.ts";
import { readUids } from "./row_pages.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import type { Ranges } from "../../mail/ranges.ts";

/** Rows looked at in one turn, and so messages removed in one change of the store: some ms. */
const LOOKED_MAX = 5_000;

/** EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9): only what the view knows of, step by step. */
export function expungeDeleted(
  state: State,
  request: Asked<"mailbox.expungeDeleted">,
  reply: Answer<"mailbox.expungeDeleted">,
): void {
  const { open } = viewWith(state, request, { rights: "e", writes: true });
  const uids = open.view.uidsOf(request.set ?? { by: "sequence", pairs: [1, 0] });
  answerLater(state, expungeIn(state, open, uids), reply);
}

async function expungeIn(state: State, open: OpenView, uids: Ranges): Promise<{ highestModSeq: ModSeq }> {
  const { of: { account, mailbox } } = open;
  const { shard, flagWork } = state;
  for (let after: number | null = 0; after !== null && !open.closed && !open.view.gone;) {
    if (shard.status(account, mailbox).deleted === 0) {
      // Somebody may be about to say otherwise, but not to this session.
      break;
    }
    // A flag that is being taken back counts as taken back: it is looked at in the turn in which the removal is handed over.
    while (flagWork.busy(account, mailbox)) await flagWork.settled(account, mailbox);
    const step: Deleted = readUids(shard, open, { uids, after, limit: LOOKED_MAX, flags: Flag.deleted });
    if (step.uids.length > 0) await shard.expunge(account, mailbox, step.uids);
    else if (step.next !== null) await state.turns.next();
    after = step.next;
  }
  return { highestModSeq: shard.status(account, mailbox).highestModSeq };
}

interface Deleted {
  readonly uids: number[];
  readonly next: number | null;
}
