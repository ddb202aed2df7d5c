import type { ImapAsks } from "./actions.ts";
import type { PartialRange } from "./ast_search.ts";

/** What a search found, in mailbox order: runs where sequence numbers and UIDs go on together. */
export type Found = ImapAsks["mailbox.search"]["reply"]["found"];

/** How many messages were found. */
export function countFound(found: Found): number {
  return found.reduce((total, { count }) => total + count, 0);
}

/** The results from `first` to `last`, both from 1; negative ones count from the last (RFC 9394 §3.1). */
export function sliceFound(found: Found, { first, last }: PartialRange): Found {
  const total = countFound(found);
  const [one, other] = [first, last].map((at) => at < 0 ? total + 1 + at : at) as [number, number];
  const [from, to] = [Math.max(1, Math.min(one, other)), Math.min(total, Math.max(one, other))];
  const slice: Found[number][] = [];
  let before = 0;
  for (const { sequence, uid, count } of found) {
    const skip = Math.max(0, from - 1 - before);
    const taken = Math.min(count, to - before) - skip;
    if (taken > 0) slice.push({ sequence: sequence + skip, uid: uid + skip as typeof uid, count: taken });
    before += count;
    if (before >= to) break;
  }
  return slice;
}

/** The first or the last of what was found, 0 when nothing was. */
export function edgeOf(found: Found, edge: "first" | "last", uid: boolean): number {
  const run = edge === "first" ? found[0] : found.at(-1);
  if (run === undefined) return 0;
  return (uid ? run.uid : run.sequence) + (edge === "first" ? 0 : run.count - 1);
}

/** The numbers as pairs of first and last, neighbours joined. */
export function pairsOf(found: Found, uid: boolean): number[] {
  const pairs: number[] = [];
  for (const run of found) {
    const first = uid ? run.uid : run.sequence;
    if (pairs.length > 0 && pairs.at(-1) === first - 1) pairs[pairs.length - 1] = first + run.count - 1;
    else pairs.push(first, first + run.count - 1);
  }
  return pairs;
}
