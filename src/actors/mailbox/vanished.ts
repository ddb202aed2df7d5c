import { Failure } from "../../base/mod.ts";
import type { ResyncFrom } from "../../mail/mailbox_view.ts";
import type { ChangesSince } from "../../storage/mod.ts";
import type { State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { intersection, NO_RANGES, pairsFrom, type Ranges, rangesOf, rangesOfRising } from "../../mail/ranges.ts";
import type { View } from "./views/mod.ts";

/** What changed in the mailbox since a MODSEQ; null when the history does not reach back. Asked for page by page, found once. */
export function changesSince(
  { shard }: Pick<State, "shard">,
  { of }: Pick<OpenView, "of">,
  since: number,
): ChangesSince | null {
  const modSeq = shard.status(of.account, of.mailbox).highestModSeq;
  if (of.changes?.since !== since || of.changes.modSeq !== modSeq) {
    of.changes = { since, modSeq, answer: shard.changes(of.account, of.mailbox, since) };
  }
  return of.changes.answer;
}

/** Blocks of 64 UIDs that are looked at in one turn: some ms. */
const GAP_BLOCKS_MAX = 128;

export interface VanishedWanted {
  readonly uids: Ranges;
  readonly since: number;
  readonly match: ResyncFrom["match"];
}

/**
 * Which of `uids` were expunged since a MODSEQ, as pairs (RFC 7162 §3.2.6). Where the history does not reach back, all that are not
 * there: to name more than was asked is allowed. Messages that the view still counts are not among them: they are told as they leave.
 */
export function vanishedOf(state: State, open: OpenView, wanted: VanishedWanted): number[] | Promise<number[]> {
  const { view } = open;
  const uids = view.uidNext === 1 ? NO_RANGES : intersection(wanted.uids, rangesOf([1, view.uidNext - 1], 0));
  const changes = changesSince(state, open, wanted.since);
  if (changes === null) return gapsIn(state, open, { uids, after: lastMatch(view, wanted.match) });
  const expunged = changes.expunged.filter((uid) => !view.isGhost(uid));
  return [...intersection(uids, rangesOfRising(expunged))];
}

/** UIDs without a message, in turns. Who goes meanwhile is a ghost of the view. */
async function gapsIn(
  { turns }: State,
  open: OpenView,
  { uids, after }: { readonly uids: Ranges; readonly after: number },
): Promise<number[]> {
  const { view } = open;
  const gone: number[] = [];
  for (const [first, last] of pairsFrom(uids, after)) {
    let from: number | null = Math.max(first, after + 1);
    for (;;) {
      from = view.order.eachGap(from, last, (start, end) => addGap(gone, view, start, end), GAP_BLOCKS_MAX);
      if (from === null) break;
      await turns.next();
      if (open.closed || view.gone) throw new Failure("not_found", "the view has ended");
    }
  }
  return gone;
}

/** The highest UID that still has the sequence number the client saw: up to it nothing was expunged (RFC 7162 §3.2.5.2). */
function lastMatch(view: View, match: ResyncFrom["match"]): number {
  if (match === null) return 0;
  let low = 0;
  let high = Math.min(match.sequence.length, match.uids.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (view.uidAt(match.sequence[middle]!) === match.uids[middle]) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : match.uids[low - 1]!;
}

/** A gap between rows, without the ghosts in it. */
function addGap(gone: number[], view: View, first: number, last: number): void {
  if (view.ghosts === 0) return void gone.push(first, last);
  let from = first;
  const end = view.ghostsBelow(last + 1);
  for (let i = view.ghostsBelow(first); i < end; i++) {
    const ghost = view.ghostAt(i);
    if (ghost > from) gone.push(from, ghost - 1);
    from = ghost + 1;
  }
  if (from <= last) gone.push(from, last);
}
