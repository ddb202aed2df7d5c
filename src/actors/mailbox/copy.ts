import type { CopyOutcome } from "../../mail/mailbox_ask.ts";
import type { AnnotationsCopied, MailboxRef } from "../../storage/mod.ts";
import { readUids } from "./row_pages.ts";
import { areAllFree, type FreeFlags, freeFlags, keptFlags, placeWith, viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import type { Ranges } from "./views/mod.ts";

/** Messages of one COPY or MOVE: all or none are copied, in one change. */
const COPY_UIDS_MAX = 100_000;
/** UIDs looked up in one turn: some ms. */
const READ_UIDS_MAX = 5_000;

/** COPY and MOVE (RFC 9051 §6.4.7, RFC 6851): messages that are gone already are passed over, as by UID COPY. */
export function copy(state: State, request: Asked<"mailbox.copy">, reply: Answer<"mailbox.copy">): void {
  const { account, set, to, move } = request;
  // RFC 6851 §4.2: a move is a copy, \Deleted and an expunge.
  const { open } = viewWith(state, request, { rights: move ? "te" : "", writes: move });
  const target = placeWith(state, account, to, "i");
  if (target === null) return reply.ok({ type: "missing" });
  const { owner, node: { mailbox }, rights } = target;
  const { quotaBytes = open.quotaBytes } = request;
  // RFC 5257 §4.6: what is private goes with the owner's own copies, what is shared where it may be set.
  const own = account === owner && account === open.of.account;
  const annotations = own ? "all" as const : rights.includes("n") ? "shared" as const : "none" as const;
  const uids = open.view.uidsOf(set);
  answerLater(
    state,
    copyTo(state, open, {
      to: { account: owner, mailbox },
      uids,
      move,
      quotaBytes,
      annotations,
      free: freeFlags(rights),
    }),
    reply,
  );
}

interface Copying {
  readonly to: MailboxRef;
  readonly uids: Ranges;
  readonly move: boolean;
  readonly quotaBytes: number;
  readonly free: FreeFlags;
  readonly annotations: AnnotationsCopied;
}

async function copyTo(state: State, open: OpenView, copying: Copying): Promise<CopyOutcome> {
  const { shard, clock, turns } = state;
  const { to, uids: named, move, quotaBytes, free, annotations } = copying;
  const uids: number[] = [];
  for (let after: number | null = 0; after !== null;) {
    const step = readUids(shard, open, { uids: named, after, limit: READ_UIDS_MAX });
    for (const uid of step.uids) uids.push(uid);
    if (uids.length > COPY_UIDS_MAX) return { type: "limit" };
    after = step.next;
    if (after !== null) await turns.next();
  }
  const from = { account: open.of.account, mailbox: open.of.mailbox };
  const keywords = areAllFree(free) ? [] : shard.keywords(from.account, from.mailbox);
  const outcome = await shard.copy({ from, to, uids, quotaBytes, move, annotations, savedMs: clock.wallMs() });
  // RFC 4314 §4: flags that may not be set are left out.
  if (outcome.type === "copied" && outcome.to.length > 0 && !areAllFree(free)) {
    await shard.storeFlags(to.account, to.mailbox, outcome.to, {
      flags: keptFlags(free),
      keywords: free.keywords ? [] : keywords,
      how: "remove",
      unchangedSince: null,
    });
  }
  return outcome;
}
