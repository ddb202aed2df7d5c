import type { AccountId } from "../../mail/account.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../mail/message_annotation.ts";
import type { ModSeq } from "../../mail/uid.ts";
import { changeSet } from "./change_set.ts";
import { viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { readUids } from "./row_pages.ts";
import type { OpenView } from "./view_book.ts";
import { rangesOfRising, singlesOf } from "../../mail/ranges.ts";

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
  const { account, mailbox } = open.of;
  const { set, changes, unchangedSince } = request;
  const stored = await changeSet(state, open, {
    set,
    async change(ranges, after) {
      // Whether those that are named by themselves are there the change finds out.
      const named = singlesOf(ranges, ANNOTATE_UIDS_MAX);
      const wanted = { uids: ranges, after, limit: ANNOTATE_UIDS_MAX };
      const { uids, next } = named === null ? readUids(state.shard, open, wanted) : { uids: named, next: null };
      const result = await state.shard.annotate(account, mailbox, uids, { changes, unchangedSince });
      if (result.type === "limit") return null;
      const { changed, modified, missing, modSeq } = result;
      return { modSeq: changed.length > 0 ? modSeq : null, modified, missing: rangesOfRising(missing), next };
    },
  });
  return stored ?? refused(open, "limit");
}

function refused({ view }: OpenView, type: "limit" | "noPrivate"): Annotated {
  return { type, rows: [], next: null, modified: [], highestModSeq: view.modSeq as ModSeq, missing: false };
}
