import type { ImapAsks } from "../actions.ts";
import type { PartialRange } from "../grammar/ast_search.ts";

/** What a search found, in mailbox order: runs where sequence numbers and UIDs go on together. */
export type Found = ImapAsks["mailbox.search"]["reply"]["found"];

/** How many messages were found. */
export function countFound(found: Found): number {
  return found.reduce((total, { count }) => total + count, 0);
}

/** How many results a range has at most. */
export function resultsIn({ first, last }: PartialRange): number {
  return Math.abs(last - first) + 1;
}

/** The first and the last place, from 1, of a range in so many results; the first lies behind the last when there are none. */
export function resultRange(total: number, { first, last }: PartialRange): readonly [from: number, to: number] {
  const [one, other] = [first, last].map((at) => at < 0 ? total + 1 + at : at) as [number, number];
  return [Math.max(1, Math.min(one, other)), Math.min(total, Math.max(one, other))];
}

/** The results from `first` to `last`, both from 1; negative ones count from the last (RFC 9394 §3.1). */
export function sliceFound(found: Found, range: PartialRange): Found {
  const [from, to] = resultRange(countFound(found), range);
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

/** Tells the places of UIDs among the results, from 0, when they are asked for in rising order. */
export function placesIn(found: Found): (uid: number) => number {
  let [run, before] = [0, 0];
  return (uid) => {
    for (; found[run]!.uid + found[run]!.count <= uid; run++) before += found[run]!.count;
    return before + uid - found[run]!.uid;
  };
}
