import { Failure } from "../../base/failure.ts";
import type { SearchProgram } from "../../mail/search_program.ts";
import { UID_MAX } from "../../mail/uid.ts";
import type { SearchKey, SearchReturn } from "./ast_search.ts";
import { bad, type Completion, no, ok } from "./completion.ts";
import { ask, type Program } from "./effects.ts";
import { countFound, edgeOf, type Found, pairsOf, sliceFound } from "./found.ts";
import { setsOfUids } from "./message_set.ts";
import { selectedOf } from "./selection.ts";
import { mergePairs } from "./sequence_set.ts";
import { type Scene, speaksUtf8 } from "./state.ts";
import { asksModSeq, toSearchProgram } from "./to_search_program.ts";
import { type SearchData, writeEsearch } from "./write_results.ts";

/** A search as any command asks for it. */
export interface SearchRequest {
  readonly uid: boolean;
  /** Null: the SEARCH response of RFC 3501. */
  readonly returns: SearchReturn | null;
  readonly keys: readonly SearchKey[];
  readonly tag: string;
}

/** What is returned when nothing special is asked for. */
export const RETURN_ALL: SearchReturn = {
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  partial: null,
  update: null,
  context: false,
  relevancy: false,
};

/** Numbers of one SEARCH response that are made at once. */
const NUMBERS_AT_ONCE = 10_000;

/** Runs a search and tells what it found. */
export function* search(request: SearchRequest, scene: Scene): Program<Completion> {
  const selected = selectedOf(scene);
  const { keys, returns } = request;
  const program = programOf(keys);
  if ("type" in program && program.type === "refused") return program.completion;
  if (returns !== null && isUnserved(returns)) return bad("Return option not offered");
  const modSeq = asksModSeq(keys);
  if (modSeq) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
  const save = returns === null ? "none" : savedBy(returns);
  const result = yield* ask("mailbox.search", { view: selected.view, program, save, modSeq });
  if (returns === null) yield* tellSearch(result.found, { ...request, modSeq: result.modSeq }, scene);
  else yield* tellExtended(result.found, { ...request, returns, modSeq: result.modSeq }, scene);
  return ok();
}

interface Refused {
  readonly type: "refused";
  readonly completion: Completion;
}

/**
 * The keys as a program, or why they cannot be searched by. RFC 9051 §9 seq-number has an error for numbers that no message has, in
 * commands that do something with these messages; as a criterion (§6.4.4) they fit nothing.
 */
export function programOf(keys: readonly SearchKey[]): SearchProgram | Refused {
  const program = toSearchProgram(keys);
  if (program.type !== "undefinedFilter") return program;
  return { type: "refused", completion: no("No such filter", `UNDEFINED-FILTER ${program.name}`) };
}

/** Contexts (RFC 5267) and relevancy (RFC 6203) are not announced; PARTIAL and ALL exclude each other (RFC 9394 §3.1). */
function isUnserved({ update, context, relevancy, partial, all }: SearchReturn): boolean {
  return update !== null || context || relevancy || (partial !== null && all);
}

/** What "$" will be (RFC 5182 §2.4, RFC 9394 §3.2). What PARTIAL leaves is known only when the results are. */
function savedBy({ save, min, max, all, count, partial }: SearchReturn): "none" | "all" | "min" | "max" | "minMax" {
  if (!save || (partial !== null && !count)) return "none";
  if (all || count || (!min && !max)) return "all";
  return min && max ? "minMax" : min ? "min" : "max";
}

interface Told {
  readonly uid: boolean;
  readonly tag: string;
  readonly modSeq: number | null;
}

/** SEARCH (RFC 3501 §7.2.5), however long. */
function* tellSearch(found: Found, { uid, modSeq }: Told, { output }: Scene): Program<void> {
  output.push("* SEARCH");
  let numbers: number[] = [];
  for (const run of found) {
    const first = uid ? run.uid : run.sequence;
    for (let at = 0; at < run.count; at++) {
      numbers.push(first + at);
      if (numbers.length < NUMBERS_AT_ONCE) continue;
      yield* output.send(` ${numbers.join(" ")}`);
      numbers = [];
    }
  }
  if (numbers.length > 0) output.push(` ${numbers.join(" ")}`);
  // RFC 7162 §3.1.5: not with an empty result.
  output.push(modSeq !== null && found.length > 0 ? ` (MODSEQ ${modSeq})\r\n` : "\r\n");
}

/** ESEARCH (RFC 9051 §7.3.4, RFC 4731): of an empty result only COUNT and PARTIAL are told. */
function* tellExtended(found: Found, told: Told & { readonly returns: SearchReturn }, scene: Scene): Program<void> {
  const { returns, uid, tag } = told;
  const { min, max, count, partial, save } = returns;
  const all = returns.all || !(min || max || count || save || partial !== null);
  const slice = partial === null ? [] : sliceFound(found, partial);
  if (save && partial !== null && !count) yield* saveSlice(found, slice, returns, scene);
  // RFC 5182 §2.1: SAVE alone returns nothing.
  if (save && !(min || max || count || all || partial !== null)) return;
  const any = found.length > 0;
  const modSeq = told.modSeq === null || !any ? null : yield* modSeqOf(told.modSeq, found, { returns, slice }, scene);
  const data: SearchData = {
    ...{ tag, uid },
    ...(min && any ? { min: edgeOf(found, "first", uid) } : {}),
    ...(max && any ? { max: edgeOf(found, "last", uid) } : {}),
    ...(all ? { all: pairsOf(found, uid) } : {}),
    ...(count ? { count: countFound(found) } : {}),
    ...(partial === null ? {} : { partial: { range: partial, pairs: pairsOf(slice, uid) } }),
    ...(modSeq === null ? {} : { modSeq }),
  };
  yield* scene.output.send(writeEsearch(data, speaksUtf8(scene.state)));
}

/** "$" becomes what PARTIAL returned, with MIN and MAX (RFC 9394 §3.2). */
function* saveSlice(found: Found, slice: Found, { min, max }: SearchReturn, scene: Scene): Program<void> {
  const pairs = pairsOf(slice, true);
  for (const [wanted, edge] of [[min, "first"], [max, "last"]] as const) {
    const uid = wanted ? edgeOf(found, edge, true) : 0;
    if (uid > 0) pairs.push(uid, uid);
  }
  const { view } = selectedOf(scene);
  const [set, ...rest] = setsOfUids(mergePairs(pairs, UID_MAX));
  if (rest.length > 0) throw new Failure("invalid", "too many results to be kept");
  const program: SearchProgram = set === undefined ? { type: "not", of: { type: "all" } } : { type: "set", set };
  yield* ask("mailbox.search", { view, program, save: "all", modSeq: false });
}

/** The highest of what is returned: of MIN and MAX alone, theirs (RFC 4731 §3.2). */
function* modSeqOf(
  highest: number,
  found: Found,
  { returns, slice }: { readonly returns: SearchReturn; readonly slice: Found },
  scene: Scene,
): Program<number | null> {
  const { min, max, all, count, partial } = returns;
  if (all || count || !(min || max || partial !== null)) return highest;
  const pairs = pairsOf(slice, true);
  if (min) pairs.push(edgeOf(found, "first", true), edgeOf(found, "first", true));
  if (max) pairs.push(edgeOf(found, "last", true), edgeOf(found, "last", true));
  if (pairs.length === 0) return null;
  const { view } = selectedOf(scene);
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
