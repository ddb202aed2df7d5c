import { Flag } from "../../mail/flag.ts";
import type { SearchProgram } from "../../mail/search_program.ts";
import type { SearchKey } from "./ast_search.ts";

/** A search kept by name (FILTER, RFC 5466), or null when there is none of this name. */
export type FilterLookup = (name: string) => SearchProgram | null;

/**
 * The keys of a command as what the owner of the mailbox searches by; `{ undefinedFilter }` when a filter is not known.
 * Recursion is bounded by the depth the grammar allows.
 */
export function toSearchProgram(
  keys: readonly SearchKey[],
  filter: FilterLookup = () => null,
): SearchProgram | { readonly type: "undefinedFilter"; readonly name: string } {
  const missing: string[] = [];
  const program = allOf(keys, (name) => {
    const found = filter(name);
    if (found === null) missing.push(name);
    return found;
  });
  return missing.length > 0 ? { type: "undefinedFilter", name: missing[0]! } : program;
}

function allOf(keys: readonly SearchKey[], filter: FilterLookup): SearchProgram {
  if (keys.length === 1) return programOf(keys[0]!, filter);
  return { type: "and", of: keys.map((key) => programOf(key, filter)) };
}

const ALL: SearchProgram = { type: "all" };
const RECENT: SearchProgram = { type: "recent" };

function programOf(key: SearchKey, filter: FilterLookup): SearchProgram {
  switch (key.key) {
    case "ALL":
      return ALL;
    case "RECENT":
      return RECENT;
    case "NEW": // RFC 3501 §6.4.4: (RECENT UNSEEN).
      return { type: "and", of: [RECENT, not({ type: "flags", flags: Flag.seen })] };
    case "OLD":
      return not(RECENT);
    case "SAVEDATESUPPORTED":
      return { type: "saveDateSupported" };
    case "FLAG":
      return when(key.set, { type: "flags", flags: key.flags });
    case "KEYWORD":
      return when(key.set, { type: "keyword", keyword: key.keyword });
    case "HEADER":
      return { type: "header", field: key.field, text: key.text };
    case "BODY":
      return { type: "body", text: key.text };
    case "TEXT":
      return { type: "text", text: key.text };
    case "DATE":
      return { type: "date", of: key.of, than: key.than, dayMs: key.dayMs };
    case "LARGER":
      return { type: "size", than: "larger", bytes: key.bytes };
    case "SMALLER":
      return { type: "size", than: "smaller", bytes: key.bytes };
    case "YOUNGER":
      return { type: "age", than: "younger", seconds: key.seconds };
    case "OLDER":
      return { type: "age", than: "older", seconds: key.seconds };
    case "MODSEQ":
      return { type: "modSeq", atLeast: key.atLeast };
    case "ANNOTATION":
      return { type: "annotation", entry: key.entry, scopes: key.scopes, text: key.text };
    case "EMAILID":
      return { type: "objectId", of: "email", id: key.id };
    case "THREADID":
      return { type: "objectId", of: "thread", id: key.id };
    case "SET":
      return { type: "set", set: key.set };
    case "NOT":
      return not(programOf(key.of, filter));
    case "FUZZY": // RFC 6203 §3: how fuzzy is up to the server; ours compares substrings without case anyway.
      return programOf(key.of, filter);
    case "OR":
      return { type: "or", of: alternatives(key, filter) };
    case "AND":
      return allOf(key.of, filter);
    case "FILTER":
      return filter(key.name) ?? ALL;
  }
}

/** Clients write long choices as OR within OR: here they lie side by side. */
function alternatives(key: SearchKey, filter: FilterLookup): SearchProgram[] {
  return key.key === "OR" ? key.of.flatMap((of) => alternatives(of, filter)) : [programOf(key, filter)];
}

function not(of: SearchProgram): SearchProgram {
  return { type: "not", of };
}

function when(set: boolean, program: SearchProgram): SearchProgram {
  return set ? program : not(program);
}

/** Whether the keys, or those within them, need modification sequences to be told of (RFC 7162 §3.1.5). */
export function asksModSeq(keys: readonly SearchKey[]): boolean {
  return keys.some((key) => {
    if (key.key === "MODSEQ") return true;
    if (key.key === "NOT" || key.key === "FUZZY") return asksModSeq([key.of]);
    return (key.key === "AND" || key.key === "OR") && asksModSeq(key.of);
  });
}
