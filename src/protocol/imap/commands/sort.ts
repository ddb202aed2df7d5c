import { decodeUtf8, latin1 } from "../../../base/mod.ts";
import type { OrderKey, ViewRow } from "../../../mail/mailbox_view.ts";
import type { AnnotationRef } from "../../../mail/message_annotation.ts";
import { casemap, type OrderedMessage, orderValue, sortMessages } from "../../../mime/mod.ts";
import type { SortKey } from "../grammar/ast.ts";
import type { PartialRange, SearchReturn } from "../grammar/ast_search.ts";
import { collect } from "../search/collect.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { type Completion, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { resultRange } from "../search/found.ts";
import { orNothingSaved, saveUids } from "../search/saved.ts";
import { scoresOf, tellsAll, tellsSome } from "../search/search_results.ts";
import { selectedOf } from "../selection.ts";
import { compressToPairs } from "../sequence_set.ts";
import { type Scene, speaksUtf8 } from "../state.ts";
import { noteUpdates } from "../search/updates.ts";
import { writeEsearch, writeSort } from "../write/write_results.ts";

/** SORT (RFC 5256 §3), UID SORT, by names as they are shown, too (RFC 5957), with return options and changes (RFC 5267 §3, §4). */
export const sort: Command<"SORT"> = {
  verb: "SORT",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: ["SORT", "SORT=DISPLAY", "ESORT", "CONTEXT=SORT"],
  run(given, scene, tag) {
    const program = runSort(given, scene, tag);
    return given.returns?.save === true ? orNothingSaved(program, scene) : program;
  },
};

function* runSort(
  { uid, returns, sortBy, criteria }: Given<"SORT">,
  scene: Scene,
  tag: string,
): Program<Completion> {
  const sortKeys = sortBy.map(({ key }) => key);
  const update = returns?.update == null ? undefined : { tag, uid };
  // How well a message fits is not kept, nor annotations: where a new one would come is not known.
  const relevant = sortKeys.includes("RELEVANCY");
  const collected = yield* collect({
    ...{ keys: criteria.keys, returns },
    facts: sortKeys.some((key) => !OF_ROW.has(key)),
    annotations: sortKeys.includes("ANNOTATION"),
    scores: returns?.relevancy === true || relevant,
    ...(update === undefined || relevant || sortKeys.includes("ANNOTATION") ? {} : { update }),
    of: (row, facts, score): SortedMessage => ({
      number: uid ? row.uid : row.sequence,
      ...{ uid: row.uid, score },
      values: sortBy.map(({ key, annotation }) => {
        if (key === "RELEVANCY") return -score; // RFC 6203 §6: the highest first.
        if (key === "ANNOTATION") return annotation === undefined ? "" : annotationOf(row, annotation);
        return orderValue(ORDER_KEYS[key], row, facts);
      }),
    }),
  }, scene);
  if (!("items" in collected)) return collected;
  const sorted = sortMessages(collected.items, sortBy.map(({ reverse }) => reverse));
  const { modSeq, updating } = collected;
  if (returns?.save === true) yield* saveSorted(sorted, returns, scene);
  const line = returns === null
    ? writeSort(sorted.map(({ number }) => number), modSeq)
    : writeEsearch({ tag, uid, ...returned(sorted, returns, modSeq) }, speaksUtf8(scene.state));
  // RFC 5182 §2.1: SAVE alone returns nothing.
  if (returns === null || tellsSome(returns)) yield* scene.output.send(line);
  if (update !== undefined) {
    const kept = updating && (yield* keepOrder(sorted, { tag, sortBy }, scene));
    noteUpdates({ ...update, named: null, items: returns?.update?.items ?? [], kept }, scene);
  }
  return ok();
}

/** RFC 5182 §1, §2.4: "$" becomes what is told, be it the first in order; in it the messages are in mailbox order. */
function* saveSorted(sorted: readonly SortedMessage[], returns: SearchReturn, scene: Scene): Program<void> {
  const { min, max, count, all, partial } = returns;
  // All that was found is saved already.
  if (all || count || (!min && !max && partial === null)) return;
  const edges = [...(min ? sorted.slice(0, 1) : []), ...(max ? sorted.slice(-1) : [])];
  const kept = partial === null ? edges : [...edges, ...sliced(sorted, partial)];
  yield* saveUids(kept.flatMap(({ uid }) => [uid, uid]), selectedOf(scene).view);
}

interface SortedMessage extends OrderedMessage {
  readonly uid: number;
  readonly score: number;
}

/** Lets the owner of the mailbox know in which order the client knows the results: changes have places in it (RFC 5267 §4.3.3). */
function* keepOrder(
  sorted: readonly SortedMessage[],
  { tag, sortBy }: { readonly tag: string; readonly sortBy: Given<"SORT">["sortBy"] },
  scene: Scene,
): Program<boolean> {
  const uids = Uint32Array.from(sorted, ({ uid }) => uid);
  const { updating } = yield* ask("mailbox.keepOrder", {
    ...{ view: selectedOf(scene).view, tag },
    keys: sortBy.flatMap(({ key, reverse }) =>
      key === "RELEVANCY" || key === "ANNOTATION" ? [] : { key: ORDER_KEYS[key], reverse }
    ),
    uids: new Uint8Array(uids.buffer),
  });
  return updating;
}

const ORDER_KEYS: Readonly<Record<Exclude<SortKey, "RELEVANCY" | "ANNOTATION">, OrderKey["key"]>> = {
  ARRIVAL: "arrival",
  CC: "cc",
  DATE: "date",
  FROM: "from",
  SIZE: "size",
  SUBJECT: "subject",
  TO: "to",
  DISPLAYFROM: "displayFrom",
  DISPLAYTO: "displayTo",
};

/** RFC 5267 §3.1: MIN and MAX are the first and the last in order. Of an empty result only COUNT and PARTIAL are told. */
function returned(sorted: readonly SortedMessage[], returns: SearchReturn, modSeq: number | null) {
  const { min, max, count, partial, relevancy } = returns;
  const numbers = sorted.map(({ number }) => number);
  const any = numbers.length > 0;
  return {
    ...(min && any ? { min: numbers[0]! } : {}),
    ...(max && any ? { max: numbers.at(-1)! } : {}),
    ...(tellsAll(returns) ? { all: compressToPairs(numbers) } : {}),
    ...(count ? { count: numbers.length } : {}),
    ...(partial === null ? {} : { partial: { range: partial, pairs: compressToPairs(sliced(numbers, partial)) } }),
    ...(relevancy ? { relevancy: scoresOf(Uint8Array.from(sorted, ({ score }) => score), returns) } : {}),
    ...(modSeq === null ? {} : { modSeq }),
  };
}

/** The nth to the mth result in order (RFC 5267 §4.4, RFC 9394 §3.1). */
function sliced<T>(sorted: readonly T[], range: PartialRange): readonly T[] {
  const [from, to] = resultRange(sorted.length, range);
  return from > to ? [] : sorted.slice(from - 1, to);
}

/** RFC 5257 §4.9: a message without the annotation comes first, as one with an empty text. */
function annotationOf({ annotations = [] }: ViewRow, { entry, scope }: AnnotationRef): string {
  const value = annotations.find((each) => each.entry === entry && each.scope === scope)?.value;
  return value === undefined ? "" : casemap(decodeUtf8(value) ?? latin1(value));
}

/** What the row knows. */
const OF_ROW: ReadonlySet<SortKey> = new Set<SortKey>(["ARRIVAL", "SIZE", "RELEVANCY", "ANNOTATION"]);
