import { type Fields, fieldsOf, isCount, isListOf, isText } from "../../shape.ts";
import { isScope } from "./annotation_accepts.ts";
import { PROGRAM_DEPTH_MAX, PROGRAM_NODES_MAX } from "../search/mod.ts";
import { isFlagBits, isKeyword, isMessageSet } from "./set_accepts.ts";

/** Characters of a text to be searched for (ATTACKS I11). */
const TEXT_CHARS_MAX = 10_000;
/** Characters of a field's name. */
const FIELD_CHARS_MAX = 255;
const ID_CHARS_MAX = 255;

/** Keys without keys in them. */
const LEAVES: Readonly<Record<string, (key: Fields) => boolean>> = {
  all: () => true,
  recent: () => true,
  saveDateSupported: () => true,
  set: ({ set }) => isMessageSet(set),
  flags: ({ flags }) => isFlagBits(flags),
  keyword: ({ keyword }) => isKeyword(keyword),
  size: ({ than, bytes }) => (than === "larger" || than === "smaller") && isCount(bytes),
  date: ({ of, than, dayMs }) => DATES.has(of) && THANS.has(than) && Number.isSafeInteger(dayMs),
  age: ({ than, seconds }) => (than === "younger" || than === "older") && isCount(seconds),
  modSeq: ({ atLeast }) => isCount(atLeast),
  objectId: ({ of, id }) => (of === "email" || of === "thread") && isText(id, ID_CHARS_MAX),
  annotation: ({ entry, scopes, text }) =>
    isText(entry, FIELD_CHARS_MAX) && isListOf(scopes, 2, isScope) && (text === null || isText(text, TEXT_CHARS_MAX)),
  header: ({ field, text }) => isText(field, FIELD_CHARS_MAX) && isText(text, TEXT_CHARS_MAX),
  body: ({ text }) => isText(text, TEXT_CHARS_MAX),
  text: ({ text }) => isText(text, TEXT_CHARS_MAX),
};

const DATES: ReadonlySet<unknown> = new Set(["internal", "sent", "saved"]);
const THANS: ReadonlySet<unknown> = new Set(["before", "on", "since"]);

/** A search whose depth and number of keys are bounded. Calls nothing within itself, whatever the depth (ATTACKS I3). */
export function isSearchProgram(value: unknown): boolean {
  const open: { readonly node: unknown; readonly depth: number }[] = [{ node: value, depth: 1 }];
  for (let nodes = 1; open.length > 0; nodes++) {
    const { node, depth } = open.pop()!;
    const key = fieldsOf(node);
    if (key === null || depth > PROGRAM_DEPTH_MAX || nodes + open.length > PROGRAM_NODES_MAX) return false;
    const { type, of } = key;
    if (type === "and" || type === "or") {
      if (!Array.isArray(of) || of.length > PROGRAM_NODES_MAX) return false;
      for (const child of of) open.push({ node: child, depth: depth + 1 });
    } else if (type === "not" || type === "fuzzy") open.push({ node: of, depth: depth + 1 });
    else if (typeof type !== "string" || !Object.hasOwn(LEAVES, type) || !LEAVES[type]!(key)) return false;
  }
  return true;
}
