import { latin1 } from "../../../base/latin1.ts";
import type { SearchKey } from "../grammar/ast_search.ts";
import { type Completion, no } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { endOfAtom } from "../grammar/characters.ts";
import { Reader } from "../grammar/reader.ts";
import { readSearchKeys } from "../grammar/search.ts";
import { SEARCH_KEYS_MAX } from "../grammar/syntax_limits.ts";

/*
 * Searches that are kept by name (FILTERS, RFC 5466): annotations of the server, whose values are search keys. A filter stands for
 * its keys as if they were in parentheses.
 */

/** How often filters are put in the place of their names; RFC 5466 §3.1 asks for 3. What is left then is a loop, or as good as one. */
const PASSES = 3;
/** Filters that one pass may name. */
const NAMES_MAX = 100;

const ROOTS = ["/private/filters/values/", "/shared/filters/values/"] as const;

/** Where the values of filters are kept, in lower case; null of another entry. */
export function filterNameOf(entry: string): string | null {
  const root = ROOTS.find((each) => entry.startsWith(each));
  return root === undefined ? null : entry.slice(root.length);
}

/** Search keys without filters, or why there are none. */
export type Expanded = { readonly keys: readonly SearchKey[] } | { readonly completion: Completion };

type Filters = ReadonlyMap<string, readonly SearchKey[]>;

/** Puts the keys of filters in the place of their names (RFC 5466 §3.1). */
export function* expandFilters(given: readonly SearchKey[]): Program<Expanded> {
  let keys = given;
  for (let pass = 0;; pass++) {
    const names = new Set<string>();
    noteNames(keys, names);
    const [first] = names;
    if (first === undefined) return { keys };
    if (pass === PASSES) return { completion: undefinedFilter(first) };
    if (names.size > NAMES_MAX) return { completion: TOO_MANY };
    const filters = yield* readFilters([...names]);
    if ("missing" in filters) return { completion: undefinedFilter(filters.missing) };
    // Counted before they are made: a few filters that name each other many times would fill the memory.
    if (countKeys(keys, filters.found) > SEARCH_KEYS_MAX) return { completion: TOO_MANY };
    keys = keys.map((key) => substituted(key, filters.found));
  }
}

const TOO_MANY = no("Too many search keys", "LIMIT");

function undefinedFilter(name: string): Completion {
  return no("No such filter", `UNDEFINED-FILTER ${name}`);
}

/** A private filter goes before a shared one of the same name. One that cannot be read is as good as none. */
function* readFilters(
  names: readonly string[],
): Program<{ readonly found: Filters } | { readonly missing: string }> {
  const entriesOf = (name: string) => ROOTS.map((root) => root + name.toLowerCase());
  const { found: [annotations] } = yield* ask("mailbox.metadata", {
    ...{ names: [""], entries: names.flatMap(entriesOf), depth: "0" },
  });
  const values = new Map(annotations?.type === "found" ? annotations.values : []);
  const found = new Map<string, readonly SearchKey[]>();
  for (const name of names) {
    const value = entriesOf(name).map((entry) => values.get(entry)).find((each) => each != null);
    const keys = value == null ? null : readFilter(value);
    if (keys === null) return { missing: name };
    found.set(name, keys);
  }
  return { found };
}

/** search-criteria (RFC 5466 §4), in UTF-8; null when it is none. */
export function readFilter(value: Uint8Array): readonly SearchKey[] | null {
  const framed = withoutLiterals(latin1(value));
  const reader = new Reader(framed, { utf8: true });
  const keys = readSearchKeys(reader);
  reader.end();
  return reader.problem === null ? keys : null;
}

/** Takes literals out, as the framer does of a command. */
function withoutLiterals(value: string): { readonly text: string; readonly literals: readonly Uint8Array[] } {
  const literals: Uint8Array[] = [];
  let text = "";
  let at = 0;
  // A line end is in no string but a literal.
  for (let end = value.indexOf("}\r\n"); end >= 0; end = value.indexOf("}\r\n", at)) {
    const length = /\{([0-9]{1,6})\+?$/.exec(value.slice(Math.max(at, end - 9), end))?.[1];
    if (length === undefined) break;
    const from = end + 3;
    text += value.slice(at, from);
    at = from + Number(length);
    if (at > value.length) return { text: "", literals: [] };
    literals.push(Uint8Array.from(value.slice(from, at), (character) => character.charCodeAt(0)));
  }
  return { text: text + value.slice(at), literals };
}

/** A name of a filter as it may stand in a command (RFC 5466 §4 filter-name). */
export function isFilterName(name: string): boolean {
  return name !== "" && endOfAtom(name, 0) === name.length && !name.includes("/");
}

function noteNames(keys: readonly SearchKey[], names: Set<string>): void {
  for (const key of keys) {
    if (key.key === "FILTER") names.add(key.name);
    else noteNames(within(key), names);
  }
}

/** How many keys there are once filters have been put in the place of their names; filters in those count as one key. */
function countKeys(keys: readonly SearchKey[], filters: Filters): number {
  let count = 0;
  for (const key of keys) {
    count++;
    const filter = key.key === "FILTER" ? filters.get(key.name) : undefined;
    if (filter !== undefined) count += countKeys(filter, NO_FILTERS);
    for (const of of within(key)) count += countKeys([of], filters);
  }
  return count;
}

const NO_FILTERS: Filters = new Map();

/** The keys in a key. */
function within(key: SearchKey): readonly SearchKey[] {
  switch (key.key) {
    case "NOT":
    case "FUZZY":
      return [key.of];
    case "OR":
    case "AND":
      return key.of;
    default:
      return [];
  }
}

/** As deep as the grammar allows, once for each pass. */
function substituted(key: SearchKey, filters: Filters): SearchKey {
  switch (key.key) {
    case "FILTER": {
      const keys = filters.get(key.name)!;
      return keys.length === 1 ? keys[0]! : { key: "AND", of: keys };
    }
    case "NOT":
    case "FUZZY":
      return { key: key.key, of: substituted(key.of, filters) };
    case "OR":
      return { key: "OR", of: [substituted(key.of[0], filters), substituted(key.of[1], filters)] };
    case "AND":
      return { key: "AND", of: key.of.map((of) => substituted(of, filters)) };
    default:
      return key;
  }
}
