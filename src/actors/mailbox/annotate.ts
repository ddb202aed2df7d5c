import type { AccountId } from "../../mail/account.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../mail/message_annotation.ts";
import type { ModSeq, Uid } from "../../mail/uid.ts";
import { readPage, readUids } from "./row_pages.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { without } from "./views/mod.ts";

/** Messages annotated in one change of the store: some ms of its time. */
const ANNOTATE_UIDS_MAX = 1_000;

type Annotated = Parameters<Answer<"mailbox.annotate">["ok"]>[0];

/**
 * STORE of annotations (RFC 5257 §4.5). Shared ones need the right "n" (§3.4); private ones are the owner's, and kept in the owner's
 * mailboxes alone (NOPRIVATE, §4.1). A large set changes step by step; each message changes as a whole.
 */
export function annotate(state: State, request: Asked<"mailbox.annotate">, reply: Answer<"mailbox.annotate">): void {
  const shared = request.changes.some(({ scope }) => scope === "shared");
  const { open } = viewWith(state, request, { rights: shared ? "n" : "", writes: true });
  if (!keepsPrivate(request.changes, request.account, open.of.account)) return reply.ok(refused(open, "noPrivate"));
  answerLater(state, annotateIn(state, open, request), reply);
}

/** Whether those that are private are of whoever owns the mailbox. */
export function keepsPrivate(
  changes: readonly Pick<MessageAnnotationChange, "scope">[],
  account: AccountId,
  owner: AccountId,
): boolean {
  return account === owner || changes.every(({ scope }) => scope !== "priv");
}

/** What an account sees of the annotations of a message. */
export function visible(
  annotations: readonly MessageAnnotation[],
  { account, of }: Pick<OpenView, "account" | "of">,
): readonly MessageAnnotation[] {
  return account === of.account ? annotations : annotations.filter(({ scope }) => scope === "shared");
}

async function annotateIn(state: State, open: OpenView, request: Asked<"mailbox.annotate">): Promise<Annotated> {
  const { shard, views } = state;
  const { of: { account, mailbox }, view } = open;
  const { set, changes, unchangedSince } = request;
  const uids = view.uidsOf(set);
  const missing = view.namesGhosts(set);
  const modified: Uid[] = [];
  let gone = false;
  view.ownBegins();
  try {
    for (let after: number | null = 0; after !== null && !open.closed;) {
      const step = readUids(shard, open, { uids, after, limit: ANNOTATE_UIDS_MAX });
      const result = await shard.annotate(account, mailbox, step.uids, { changes, unchangedSince });
      if (result.type === "limit") return refused(open, "limit");
      for (const uid of result.modified) modified.push(uid);
      if (result.changed.length > 0) view.ownWas(result.modSeq);
      gone ||= result.missing.length > 0;
      after = step.next;
    }
  } finally {
    view.ownEnds();
    if (!open.closed && !view.gone) view.settle(shard.status(account, mailbox).highestModSeq);
    if (views.hasNews(open)) views.stir(open);
  }
  const { rows, next } = readPage(shard, open, { uids: without(uids, modified), after: 0, index: false });
  return {
    type: "stored",
    rows,
    next: next as Uid | null,
    modified: modified.map((uid) => ({ sequence: view.sequenceOf(uid), uid })),
    highestModSeq: view.modSeq as ModSeq,
    missing: missing || (gone && set.by === "sequence"),
  };
}

function refused({ view }: OpenView, type: "limit" | "noPrivate"): Annotated {
  return { type, rows: [], next: null, modified: [], highestModSeq: view.modSeq as ModSeq, missing: false };
}
