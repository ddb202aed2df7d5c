import { UID_MAX } from "../../../mail/uid.ts";
import type { SearchReturn } from "../grammar/ast_search.ts";
import { ask, type Program } from "../effects.ts";
import { ByteLine } from "../frame/byte_line.ts";
import { countFound, edgeOf, type Found, pairsOf, resultRange, sliceFound } from "./found.ts";
import { setsOfUids } from "../message_set.ts";
import { saveUids } from "./saved.ts";
import { mergePairs } from "../sequence_set.ts";
import { type Scene, speaksUtf8 } from "../state.ts";
import { type SearchData, type SearchedPlace, writeEsearch } from "../write/write_results.ts";

/** A number of a SEARCH response and the space before it, in bytes at most; and numbers that are made at once. */
const NUMBER_BYTES = 11;
const NUMBERS_AT_ONCE = 3_000;

interface Told {
  readonly uid: boolean;
  readonly tag: string;
  readonly modSeq: number | null;
}

interface ToldExtended extends Told {
  readonly returns: SearchReturn;
  /** Null: the selected mailbox, of which nothing need be said. */
  readonly named: SearchedPlace | null;
  /** A score for each result, when they are wanted. */
  readonly relevancy: Uint8Array | null;
}

/** What "$" will be (RFC 5182 §2.4, RFC 9394 §3.2). What PARTIAL leaves is known only when the results are. */
export function savedBy(
  { save, min, max, all, count, partial }: SearchReturn,
): "none" | "all" | "min" | "max" | "minMax" {
  if (!save || (partial !== null && !count)) return "none";
  if (all || count || (!min && !max)) return "all";
  return min && max ? "minMax" : min ? "min" : "max";
}

/** Whether all results are told: when it is asked for, or nothing is (RFC 4731 §3.1). */
export function tellsAll({ all, min, max, count, save, partial, update, context, relevancy }: SearchReturn): boolean {
  return all || !(min || max || count || save || partial !== null || update !== null || context || relevancy);
}

/** Whether anything is told at all: by SAVE alone nothing is (RFC 5182 §2.1). */
export function tellsSome(returns: SearchReturn): boolean {
  const { save, min, max, count, partial } = returns;
  return !save || min || max || count || partial !== null || tellsAll(returns);
}

/** SEARCH (RFC 3501 §7.2.5), however long. */
export function* tellSearch(found: Found, { uid, modSeq }: Told, { output }: Scene): Program<void> {
  output.push("* SEARCH");
  let left = countFound(found);
  let line = lineFor(left);
  for (const run of found) {
    const first = uid ? run.uid : run.sequence;
    for (let at = 0; at < run.count;) {
      const count = Math.min(run.count - at, Math.floor(line.room / NUMBER_BYTES));
      line.rising(first + at, count);
      at += count;
      left -= count;
      if (left === 0 || line.room >= NUMBER_BYTES) continue;
      output.push(line.taken(), true);
      if (output.isFull) yield* output.drain();
      line = lineFor(left);
    }
  }
  output.push(line.taken(), true);
  // RFC 7162 §3.1.5: not with an empty result.
  output.push(modSeq !== null && found.length > 0 ? ` (MODSEQ ${modSeq})\r\n` : "\r\n");
}

function lineFor(numbers: number): ByteLine {
  return new ByteLine(NUMBER_BYTES * Math.min(numbers, NUMBERS_AT_ONCE));
}

/** ESEARCH (RFC 9051 §7.3.4, RFC 4731): of an empty result only COUNT and PARTIAL are told; nothing of another mailbox's (RFC 7377 §2.1). */
export function* tellExtended(found: Found, told: ToldExtended, view: number, scene: Scene): Program<void> {
  const { returns, uid, tag, named } = told;
  const { min, max, count, partial, save } = returns;
  const any = found.length > 0;
  const all = tellsAll(returns);
  const slice = partial === null ? [] : sliceFound(found, partial);
  if (save && partial !== null && !count) yield* saveSlice(found, slice, returns, view);
  if (!tellsSome(returns)) return;
  if (named !== null && !any) return;
  const modSeq = told.modSeq === null || !any ? null : yield* modSeqOf(told.modSeq, found, { returns, slice }, view);
  const data: SearchData = {
    ...{ tag, uid },
    ...(named === null ? {} : { in: named }),
    ...(min && any ? { min: edgeOf(found, "first", uid) } : {}),
    ...(max && any ? { max: edgeOf(found, "last", uid) } : {}),
    ...(all ? { all: pairsOf(found, uid) } : {}),
    ...(count ? { count: countFound(found) } : {}),
    ...(partial === null ? {} : { partial: { range: partial, pairs: pairsOf(slice, uid) } }),
    ...(told.relevancy === null ? {} : { relevancy: scoresOf(told.relevancy, returns) }),
    ...(modSeq === null ? {} : { modSeq }),
  };
  yield* scene.output.send(writeEsearch(data, speaksUtf8(scene.state)));
}

/** The scores of the results that are told: of all, or of those that PARTIAL chooses. */
export function scoresOf(scores: Uint8Array, { partial }: Pick<SearchReturn, "partial">): number[] {
  if (partial === null) return [...scores];
  const [from, to] = resultRange(scores.length, partial);
  return [...scores.subarray(from - 1, Math.max(from - 1, to))];
}

/** "$" becomes what PARTIAL returned, with MIN and MAX (RFC 9394 §3.2). */
function* saveSlice(found: Found, slice: Found, { min, max }: SearchReturn, view: number): Program<void> {
  const pairs = pairsOf(slice, true);
  for (const [wanted, edge] of [[min, "first"], [max, "last"]] as const) {
    const uid = wanted ? edgeOf(found, edge, true) : 0;
    if (uid > 0) pairs.push(uid, uid);
  }
  yield* saveUids(pairs, view);
}

/** The highest of what is returned: of MIN and MAX alone, theirs (RFC 4731 §3.2). */
function* modSeqOf(
  highest: number,
  found: Found,
  { returns, slice }: { readonly returns: SearchReturn; readonly slice: Found },
  view: number,
): Program<number | null> {
  const { min, max, all, count, partial } = returns;
  if (all || count || !(min || max || partial !== null)) return highest;
  const pairs = pairsOf(slice, true);
  if (min) pairs.push(edgeOf(found, "first", true), edgeOf(found, "first", true));
  if (max) pairs.push(edgeOf(found, "last", true), edgeOf(found, "last", true));
  if (pairs.length === 0) return null;
  let modSeq = 0;
  for (const set of setsOfUids(mergePairs(pairs, UID_MAX))) {
    for (let after: number | null = 0; after !== null;) {
      const page: { rows: readonly { modSeq: number }[]; next: number | null } = yield* ask("mailbox.rows", {
        ...{ view, set, after, index: false, changedSince: null, vanished: false },
      });
      for (const row of page.rows) modSeq = Math.max(modSeq, row.modSeq);
      after = page.next;
    }
  }
  return modSeq === 0 ? null : modSeq;
}
