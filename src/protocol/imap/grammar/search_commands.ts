import type { CommandOf, SortKey } from "./ast.ts";
import { LIST_ELEMENTS_MAX } from "./syntax_limits.ts";
import { readAnnotationSort } from "./annotations.ts";
import { readMailboxFilter } from "./notify.ts";
import type { Reader } from "./reader.ts";
import { readSearchCriteria, readSearchProgram, readSearchReturn } from "./search.ts";

const SPACE = 0x20;
const SORT_KEYS_MAX = 20;

const SORT_KEYS: ReadonlySet<string> = new Set<SortKey>([
  "ARRIVAL",
  "CC",
  "DATE",
  "FROM",
  "SIZE",
  "SUBJECT",
  "TO",
  "DISPLAYFROM",
  "DISPLAYTO",
  "RELEVANCY",
  "ANNOTATION",
]);

/** search = "SEARCH" [search-return-opts] SP search-program */
export function readSearch(reader: Reader, uid: boolean): CommandOf<"SEARCH"> {
  const returns = readSearchReturn(reader);
  reader.space();
  return { verb: "SEARCH", uid, returns, criteria: readSearchProgram(reader) };
}

/** esearch = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program (RFC 7377 §4) */
export function readEsearch(reader: Reader): CommandOf<"ESEARCH"> {
  const sources = reader.takeWord(" IN ") ? readSources(reader) : null;
  const returns = readSearchReturn(reader);
  reader.space();
  return { verb: "ESEARCH", sources, returns, criteria: readSearchProgram(reader) };
}

/** "(" source-mbox [SP "(" scope-options ")"] ")": no scope option is defined. */
function readSources(reader: Reader): CommandOf<"ESEARCH">["sources"] {
  const source = () => {
    if (reader.atOpen) reader.fail("Unknown scope option");
    return readMailboxFilter(reader);
  };
  const sources = reader.list(source, { max: LIST_ELEMENTS_MAX, what: "sources" });
  // RFC 7377 §2.2: a selected mailbox has no delay here.
  if (sources.some(({ filter }) => filter === "selected-delayed")) reader.fail("Unknown source");
  return sources;
}

/** sort = ["UID" SP] "SORT" [search-return-opts] SP sort-criteria SP search-criteria (RFC 5256 §5, RFC 5267 §5) */
export function readSort(reader: Reader, uid: boolean): CommandOf<"SORT"> {
  const returns = readSearchReturn(reader);
  reader.space();
  const sortBy = reader.list(() => readSortKey(reader), { max: SORT_KEYS_MAX, what: "sort keys" });
  reader.space();
  return { verb: "SORT", uid, returns, sortBy, criteria: readSearchCriteria(reader) };
}

/** sort-criterion = ["REVERSE" SP] sort-key */
function readSortKey(reader: Reader): CommandOf<"SORT">["sortBy"][number] {
  const reverse = reader.takeWord("REVERSE ");
  const key = reader.word("a sort key");
  if (!SORT_KEYS.has(key)) reader.fail("Unknown sort key");
  return key === "ANNOTATION"
    ? { key, reverse, annotation: readAnnotationSort(reader) }
    : { key: key as SortKey, reverse };
}

/** thread = ["UID" SP] "THREAD" SP thread-alg SP search-criteria (RFC 5256 §5) */
export function readThread(reader: Reader, uid: boolean): CommandOf<"THREAD"> {
  reader.space();
  const algorithm = reader.word("an algorithm");
  reader.space();
  return { verb: "THREAD", uid, algorithm, criteria: readSearchCriteria(reader) };
}

/** "CANCELUPDATE" 1*(SP quoted) (RFC 5267 §5) */
export function readCancelUpdate(reader: Reader): CommandOf<"CANCELUPDATE"> {
  const tags: string[] = [];
  reader.space();
  do {
    tags.push(reader.string("a tag"));
    reader.bounded(tags.length, LIST_ELEMENTS_MAX, "tags");
  } while (reader.take(SPACE));
  return { verb: "CANCELUPDATE", tags };
}
