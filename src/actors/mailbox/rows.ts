import type { Uid } from "../../mail/uid.ts";
import { readPage } from "./row_pages.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changesSince, vanishedOf } from "./vanished.ts";
import type { OpenView } from "./view_book.ts";
import { intersection, rangesOfRising } from "../../mail/ranges.ts";

/** Rows of a set, page by page (FETCH, RFC 9051 §6.4.5; CHANGEDSINCE and VANISHED, RFC 7162 §3.1.4.1 and §3.2.6). */
export function rows(state: State, request: Asked<"mailbox.rows">, reply: Answer<"mailbox.rows">): void {
  const { set, after, index, changedSince, headBytes = 0, annotations = false } = request;
  const { open } = viewWith(state, request);
  const missing = open.view.namesGhosts(set);
  if (changedSince === null) {
    const uids = open.view.pairsOf(set, after);
    const { rows, next } = readPage(state.shard, open, { uids, after, index, headBytes, annotations });
    return reply.ok({ rows, next: next as Uid | null, vanished: [], missing });
  }
  answerLater(state, changedRows(state, open, { ...request, changedSince }), reply);
}

async function changedRows(
  state: State,
  open: OpenView,
  request: Asked<"mailbox.rows"> & { readonly changedSince: number },
): Promise<Parameters<Answer<"mailbox.rows">["ok"]>[0]> {
  const { set, after, index, changedSince, headBytes = 0 } = request;
  const { view, of } = open;
  const uids = view.uidsOf(set);
  // All that vanished comes with the first page.
  const wanted = request.vanished && after === 0;
  const vanished = wanted ? await vanishedOf(state, open, { uids, since: changedSince, match: null }) : [];
  const changes = changesSince(state, open, changedSince);
  const changed = changes === null ? uids : intersection(uids, rangesOfRising(changes.changed));
  const wants = (row: { readonly modSeq: number }) => row.modSeq > changedSince;
  const { rows, next } = readPage(state.shard, open, { uids: changed, after, index, headBytes, wants });
  if (next === null) of.changes = null;
  return { rows, next: next as Uid | null, vanished, missing: view.namesGhosts(set) };
}

/** A piece of a message of the view; `not_found` when it is gone for good. */
export function read(
  state: State,
  request: Asked<"mailbox.read">,
  reply: Answer<"mailbox.read">,
): void {
  const { uid, offset, length } = request;
  const { open: { of } } = viewWith(state, request);
  reply.ok(state.shard.fetch(of.account, of.mailbox, { uid, offset, length }));
}
