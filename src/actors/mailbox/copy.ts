import type { CopyOutcome } from "../../mail/mailbox_view.ts";
import { limitsOf, type Quota } from "../../mail/quota.ts";
import type { AnnotationsCopied, MailboxRef } from "../../storage/mod.ts";
import { readUids } from "./row_pages.ts";
import { type FreeFlags, freeFlags, placeWith, viewWith } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { countOf, type Ranges } from "../../mail/ranges.ts";

/** Messages of one COPY or MOVE: all or none are copied, in one change. */
const COPY_UIDS_MAX = 100_000;
/** UIDs looked up in one turn: some ms. */
const READ_UIDS_MAX = 5_000;

/** COPY and MOVE (RFC 9051 §6.4.7, RFC 6851): messages that are gone already are passed over, as by UID COPY. */
export function copy(state: State, request: Asked<"mailbox.copy">, reply: Answer<"mailbox.copy">): void {
  const { account, set, to, move } = request;
  // RFC 6851 §4.2: a move is a copy, \Deleted and an expunge.
  const { open } = viewWith(state, request, { rights: move ? "te" : "", writes: move });
  const place = placeWith(state, account, to, "i");
  if (place === null) return reply.ok({ type: "missing" });
  const { owner, node: { mailbox }, rights } = place;
  const { quotaBytes, quotaMessages = 0, messagesMax: asked = COPY_UIDS_MAX } = request;
  const quota = quotaBytes === undefined ? limitsOf(open) : limitsOf({ quotaBytes, quotaMessages });
  const messagesMax = Math.min(asked, COPY_UIDS_MAX);
  // RFC 5257 §4.6: what is private goes with the owner's own copies, what is shared where it may be set.
  const own = account === owner && account === open.of.account;
  const annotations = own ? "all" as const : rights.includes("n") ? "shared" as const : "none" as const;
  const uids = open.view.uidsOf(set);
  const target = { account: owner, mailbox };
  // RFC 4314 §4: flags that may not be set are left out.
  const within = freeFlags(rights);
  const work = copyTo(state, open, { to: target, uids, move, messagesMax, quota, annotations, within });
  const arrivals = (outcome: CopyOutcome) => outcome.type === "copied" ? countOf(outcome.to) : 0;
  answerLater(state, state.watches.during(request, target, work, arrivals), reply);
}

interface Copying {
  readonly to: MailboxRef;
  readonly uids: Ranges;
  readonly move: boolean;
  readonly messagesMax: number;
  readonly quota: Quota;
  readonly within: FreeFlags;
  readonly annotations: AnnotationsCopied;
}

async function copyTo(state: State, open: OpenView, copying: Copying): Promise<CopyOutcome> {
  const { shard, clock, turns } = state;
  const { to, uids: named, move, quota, within, messagesMax, annotations } = copying;
  const uids: number[] = [];
  for (let after: number | null = 0; after !== null;) {
    const step = readUids(shard, open, { uids: named, after, limit: READ_UIDS_MAX });
    for (const uid of step.uids) uids.push(uid);
    if (uids.length > messagesMax) return { type: "tooMany", messagesMax };
    after = step.next;
    if (after !== null) await turns.next();
  }
  const from = { account: open.of.account, mailbox: open.of.mailbox };
  return await shard.copy({ from, to, uids, ...quota, move, annotations, within, savedMs: clock.wallMs() });
}
