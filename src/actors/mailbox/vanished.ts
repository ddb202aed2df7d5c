import type { ResyncFrom } from "../../mail/mailbox_ask.ts";
import type { ChangesSince } from "../../storage/mod.ts";
import type { State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { intersection, NO_RANGES, type Ranges, rangesOf, rangesOfRising, type View } from "./views/mod.ts";

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

export interface VanishedWanted {
  readonly uids: Ranges;
  readonly since: number;
  readonly match: ResyncFrom["match"];
}

/**
 * Which of `uids` were expunged since a MODSEQ, as pairs (RFC 7162 §3.2.6). Where the history does not reach back, all that are not
 * there: to name more than was asked is allowed. Messages that the view still counts are not among them: they are told as they leave.
 */
export function vanishedOf(state: Pick<State, "shard">, open: OpenView, wanted: VanishedWanted): readonly number[] {
  const { view } = open;
  const uids = view.uidNext === 1 ? NO_RANGES : intersection(wanted.uids, rangesOf([1, view.uidNext - 1], 0));
  const changes = changesSince(state, open, wanted.since);
  if (changes !== null) {
    const expunged = changes.expunged.filter((uid) => !view.isGhost(uid));
    return intersection(uids, rangesOfRising(expunged));
  }
  const unchanged = lastMatch(view, wanted.match);
  const gone: number[] = [];
  for (let i = 0; i < uids.length; i += 2) {
    const [first, last] = [Math.max(uids[i]!, unchanged + 1), uids[i + 1]!];
    if (first <= last) view.order.eachGap(first, last, (from, to) => addGap(gone, view, from, to));
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
