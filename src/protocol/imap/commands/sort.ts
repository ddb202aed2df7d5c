import type { ViewRow } from "../../../mail/mailbox_ask.ts";
import { decodeUtf8, latin1 } from "../../../base/mod.ts";
import type { AnnotationRef } from "../../../mail/message_annotation.ts";
import { casemap, type MessageFacts, type OrderedMessage, type OrderValue, sortMessages } from "../../../mime/mod.ts";
import type { SortKey } from "../ast.ts";
import type { SearchReturn } from "../ast_search.ts";
import { collect } from "../collect.ts";
import { type Command, SELECTED } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { compressToPairs } from "../sequence_set.ts";
import { speaksUtf8 } from "../state.ts";
import { writeEsearch, writeSort } from "../write_results.ts";

/** SORT (RFC 5256 §3), UID SORT, by names as they are shown, too (RFC 5957), with return options (RFC 5267 §3). */
export const sort: Command<"SORT"> = {
  verb: "SORT",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: ["SORT", "SORT=DISPLAY", "ESORT"],
  *run({ uid, returns, sortBy, criteria }, scene, tag) {
    if (returns !== null && isUnserved(returns)) return bad("Return option not offered with SORT");
    const sortKeys = sortBy.map(({ key }) => key);
    if (sortKeys.includes("RELEVANCY")) return bad("RELEVANCY is not offered");
    const collected = yield* collect({
      keys: criteria.keys,
      facts: sortKeys.some((key) => !OF_ROW.has(key)),
      annotations: sortKeys.includes("ANNOTATION"),
      of: (row, facts): OrderedMessage => ({
        number: uid ? row.uid : row.sequence,
        values: sortBy.map(({ key, annotation }) =>
          annotation === undefined ? valueOf(key, row, facts) : annotationOf(row, annotation)
        ),
      }),
    }, scene);
    if (!("items" in collected)) return collected;
    const sorted = sortMessages(collected.items, sortBy.map(({ reverse }) => reverse));
    const numbers = sorted.map(({ number }) => number);
    const { modSeq } = collected;
    const line = returns === null
      ? writeSort(numbers, modSeq)
      : writeEsearch({ tag, uid, ...returned(numbers, returns, modSeq) }, speaksUtf8(scene.state));
    yield* scene.output.send(line);
    return ok();
  },
};

/** Contexts (RFC 5267 §4) are not announced, and results in another order than the mailbox's are not kept for "$". */
function isUnserved({ update, context, relevancy, partial, save }: SearchReturn): boolean {
  return update !== null || context || relevancy || partial !== null || save;
}

/** RFC 5267 §3.1: MIN and MAX are the first and the last in order. Of an empty result only COUNT is told. */
function returned(numbers: readonly number[], { min, max, count, all }: SearchReturn, modSeq: number | null) {
  const any = numbers.length > 0;
  return {
    ...(min && any ? { min: numbers[0]! } : {}),
    ...(max && any ? { max: numbers.at(-1)! } : {}),
    ...(all || !(min || max || count) ? { all: compressToPairs(numbers) } : {}),
    ...(count ? { count: numbers.length } : {}),
    ...(modSeq === null ? {} : { modSeq }),
  };
}

/** What the row knows. */
const OF_ROW: ReadonlySet<SortKey> = new Set<SortKey>(["ARRIVAL", "SIZE", "ANNOTATION"]);

/** RFC 5257 §4.9: a message without the annotation comes first, as one with an empty text. */
function annotationOf({ annotations = [] }: ViewRow, { entry, scope }: AnnotationRef): string {
  const value = annotations.find((each) => each.entry === entry && each.scope === scope)?.value;
  return value === undefined ? "" : casemap(decodeUtf8(value) ?? latin1(value));
}

function valueOf(key: SortKey, row: ViewRow, facts: MessageFacts | null): OrderValue {
  switch (key) {
    case "ARRIVAL":
      return row.internalDateMs;
    case "SIZE":
      return row.size;
    case "DATE":
      return facts?.sentMs ?? row.internalDateMs; // RFC 5256 §2.2.
    case "SUBJECT":
      return facts?.baseSubject ?? "";
    case "FROM":
      return facts?.from.mailbox ?? "";
    case "TO":
      return facts?.to.mailbox ?? "";
    case "CC":
      return facts?.cc.mailbox ?? "";
    case "DISPLAYFROM":
      return facts?.from.display ?? "";
    case "DISPLAYTO":
      return facts?.to.display ?? "";
    case "RELEVANCY":
    case "ANNOTATION":
      return 0;
  }
}
