import { Failure } from "../../base/mod.ts";
import type { ResyncFrom } from "../../mail/mailbox_view.ts";
import type { MailboxStatus } from "../../mail/mailbox_state.ts";
import { hasAnyRight } from "../../mail/rights.ts";
import { Flag } from "../../mail/flag.ts";
import { countFrom } from "./recent.ts";
import { placeWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { vanishedOf } from "./vanished.ts";
import { rangesOf } from "../../mail/ranges.ts";
import { unwatch } from "./watch.ts";

/** The last UIDs of a mailbox that are looked at for the first unseen message: it is mostly among them, or nobody can tell. */
const UNSEEN_UIDS = 640;

/** Changes that are kept from one question to the next. */
const KEPT_CHANGES_MAX = 10_000;

/** SELECT and EXAMINE (RFC 9051 §6.3.2), O(1) in the number of messages; with `since`, O(changes) (RFC 7162 §3.2.5). */
export function open(state: State, request: Asked<"mailbox.open">, reply: Answer<"mailbox.open">): void {
  const { shard, views } = state;
  const { name, since } = request;
  const place = placeWith(state, request.account, name, "r");
  if (place === null) return reply.ok({ type: "missing" });
  const { owner: account, node: { mailbox, objectId }, rights } = place;
  // RFC 4314 §5.2: without any of these nothing could be changed.
  const readOnly = request.readOnly || !hasAnyRight(rights, "iestwn");
  views.checkRoom(request.account, request.session);
  const status = shard.status(account, mailbox);
  const of = views.mailbox(account, mailbox);
  const recentFrom = views.takeRecent({ account, mailbox, readOnly }, status.uidNext);
  const recent = countFrom(state, { of, status }, recentFrom);
  const keywords = views.keywordsOf(of);
  const { uidNext, messages, highestModSeq: modSeq } = status;
  const start = { uidNext, messages, modSeq, recentFrom, recent, keywords };
  const opened = views.add(of, { ...request, mailbox, readOnly, rights }, start);
  const answer = {
    type: "opened" as const,
    view: opened.id,
    mailbox,
    objectId,
    readOnly,
    rights,
    status,
    recent,
    firstUnseen: firstUnseen(state, opened, status),
    keywords,
  };
  if (since === null) return reply.ok({ ...answer, vanished: null });
  const work = resynced(state, opened, { since, status }).then((vanished) => ({ ...answer, vanished }));
  answerLater(state, work, whenOpened(state, opened, reply));
}

/** Nobody knows of the view before the answer: what happens until then is told behind it, and a failure leaves no view. */
function whenOpened({ views }: State, opened: OpenView, reply: Answer<"mailbox.open">): Answer<"mailbox.open"> {
  opened.stirred = true;
  return {
    ok(answer) {
      reply.ok(answer);
      opened.stirred = false;
      if (!opened.closed && views.hasNews(opened)) views.stir(opened);
    },
    fail(error) {
      views.close(opened);
      reply.fail(error);
    },
  };
}

/** The mailbox is left, and nothing is expunged; or a watch ends. */
export function close(state: State, { account, view }: Asked<"mailbox.close">, reply: Answer<"mailbox.close">): void {
  if (unwatch(state, account, view)) return reply.ok(null);
  try {
    state.views.close(state.views.get(account, view));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // What is not there is closed.
  }
  reply.ok(null);
}

/** RFC 3501 §7.1 UNSEEN: its sequence number, or 0 when there is none or it lies far back; to leave it out is allowed. */
function firstUnseen({ shard }: State, { of: { account, mailbox } }: OpenView, status: MailboxStatus): number {
  if (status.unseen === 0) return 0;
  if (status.unseen === status.messages) return 1;
  const after = Math.max(0, status.uidNext - 1 - UNSEEN_UIDS);
  const { rows } = shard.rowsAt(account, mailbox, after, { limit: UNSEEN_UIDS, index: false });
  const unseen = rows.filter(({ flags }) => (flags & Flag.seen) === 0);
  if (unseen.length < status.unseen) return 0;
  return status.messages - (rows.length - rows.indexOf(unseen[0]!)) + 1;
}

/** RFC 7162 §3.2.5.1: what a client knows of another UIDVALIDITY is of no use. */
async function resynced(
  state: State,
  open: OpenView,
  { since, status }: { readonly since: ResyncFrom; readonly status: MailboxStatus },
): Promise<readonly number[] | null> {
  if (since.uidValidity !== status.uidValidity) return null;
  const known = rangesOf(since.known ?? [1, Math.max(1, status.uidNext - 1)], 0);
  const vanished = await vanishedOf(state, open, { uids: known, since: since.modSeq, match: since.match });
  // The rows that changed are asked for next; a long answer is not kept until then.
  if ((open.of.changes?.answer?.changed.length ?? 0) > KEPT_CHANGES_MAX) open.of.changes = null;
  return vanished;
}
