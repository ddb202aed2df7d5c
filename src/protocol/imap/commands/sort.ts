import type { ViewRow } from "../../../mail/mailbox_ask.ts";
import { type MessageFacts, type OrderedMessage, type OrderValue, sortMessages } from "../../../mime/mod.ts";
import type { SortKey } from "../ast.ts";
import { collect } from "../collect.ts";
import { type Command, SELECTED } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { writeSort } from "../write_results.ts";

/** SORT (RFC 5256 §3), UID SORT, by names as they are shown, too (RFC 5957). */
export const sort: Command<"SORT"> = {
  verb: "SORT",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: ["SORT", "SORT=DISPLAY"],
  *run({ uid, returns, sortBy, criteria }, scene) {
    if (returns !== null) return bad("Return options are not offered with SORT");
    const sortKeys = sortBy.map(({ key }) => key);
    if (sortKeys.includes("RELEVANCY")) return bad("RELEVANCY is not offered");
    const collected = yield* collect({
      keys: criteria.keys,
      facts: sortKeys.some((key) => !OF_ROW.has(key)),
      of: (row, facts): OrderedMessage => ({
        number: uid ? row.uid : row.sequence,
        values: sortKeys.map((key) => valueOf(key, row, facts)),
      }),
    }, scene);
    if (!("items" in collected)) return collected;
    const sorted = sortMessages(collected.items, sortBy.map(({ reverse }) => reverse));
    yield* scene.output.send(writeSort(sorted.map(({ number }) => number), collected.modSeq));
    return ok();
  },
};

/** What the row knows. */
const OF_ROW: ReadonlySet<SortKey> = new Set<SortKey>(["ARRIVAL", "SIZE"]);

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
      return 0;
  }
}
