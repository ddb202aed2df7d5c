import { Bug } from "../../../base/assert.ts";
import { Flag } from "../../../mail/flag.ts";
import type { SearchProgram } from "../../../mail/search_program.ts";
import type { SearchKey } from "../grammar/ast_search.ts";

/** The keys of a command as what the owner of the mailbox searches by. Calls itself as deep as the grammar lets keys lie. */
export function toSearchProgram(keys: readonly SearchKey[]): SearchProgram {
  return keys.length === 1 ? programOf(keys[0]!) : { type: "and", of: keys.map(programOf) };
}

const ALL: SearchProgram = { type: "all" };
const RECENT: SearchProgram = { type: "recent" };

function programOf(key: SearchKey): SearchProgram {
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
      return not(programOf(key.of));
    case "FUZZY":
      return { type: "fuzzy", of: programOf(key.of) };
    case "OR":
      return { type: "or", of: alternatives(key) };
    case "AND":
      return toSearchProgram(key.of);
    case "FILTER":
      throw new Bug("a filter has not been put in the place of its name");
  }
}

/** Clients write long choices as OR within OR: here they lie side by side. */
function alternatives(key: SearchKey): SearchProgram[] {
  return key.key === "OR" ? key.of.flatMap((of) => alternatives(of)) : [programOf(key)];
}

function not(of: SearchProgram): SearchProgram {
  return { type: "not", of };
}

function when(set: boolean, program: SearchProgram): SearchProgram {
  return set ? program : not(program);
}

/** Whether the keys, or those within them, need modification sequences to be told of (RFC 7162 §3.1.5). */
export function asksModSeq(keys: readonly SearchKey[]): boolean {
  return hasKey(keys, ({ key }) => key === "MODSEQ");
}

/** Whether one of them is FUZZY (RFC 6203 §4). */
export function asksWords(keys: readonly SearchKey[]): boolean {
  return hasKey(keys, ({ key }) => key === "FUZZY");
}

/** Whether one of them asks how old a message is (RFC 5032 §3). */
export function asksAge(keys: readonly SearchKey[]): boolean {
  return hasKey(keys, ({ key }) => key === "YOUNGER" || key === "OLDER");
}

function hasKey(keys: readonly SearchKey[], fits: (key: SearchKey) => boolean): boolean {
  return keys.some((key) => {
    if (fits(key)) return true;
    if (key.key === "NOT" || key.key === "FUZZY") return hasKey([key.of], fits);
    return (key.key === "AND" || key.key === "OR") && hasKey(key.of, fits);
  });
}
