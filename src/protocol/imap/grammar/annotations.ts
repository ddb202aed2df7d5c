import {
  ANNOTATION_ENTRY_CHARS_MAX,
  type AnnotationScope,
  isEntryPattern,
  type MessageAnnotationChange,
} from "../../../mail/message_annotation.ts";
import { decodeUtf8 } from "../../../base/bytes.ts";
import { latin1 } from "../../../base/latin1.ts";
import type { AnnotationAttribute, FetchItem } from "./ast_fetch.ts";
import type { SearchKey } from "./ast_search.ts";
import { LIST_ELEMENTS_MAX, SEARCH_TEXT_CHARACTERS_MAX } from "./syntax_limits.ts";
import { endOfPattern } from "./characters.ts";
import type { Reader } from "./reader.ts";

/** Names and attributes of one list, and patterns of one FETCH. */
const NAMES_MAX = 64;
const PATTERNS_MAX = 16;
const WILDCARDS_MAX = 4;

/** "(" entry-att *(SP entry-att) ")" (RFC 5257 §5 att-annotate) */
export function readAnnotationChanges(reader: Reader): MessageAnnotationChange[] {
  const changes: MessageAnnotationChange[] = [];
  const entryAtt = () => {
    const entry = readEntry(reader);
    reader.space();
    changes.push(...reader.list(() => readChange(reader, entry), { max: NAMES_MAX, what: "attributes" }));
    reader.bounded(changes.length, LIST_ELEMENTS_MAX, "values");
  };
  reader.list(entryAtt, { max: NAMES_MAX, what: "entries" });
  return changes;
}

/** att-value = attrib SP value: only values can be set, and it must be said whose they are (RFC 5257 §3.2.2). */
function readChange(reader: Reader, entry: string): MessageAnnotationChange {
  const [attribute] = readAttribute(reader, VALUES);
  reader.space();
  const value = reader.nstringBytes("a value");
  if (isPartFlag(entry) && value !== null && !isZeroOrOne(value)) reader.fail('The flag of a part is "0", "1" or NIL');
  return { entry, scope: attribute === "value.priv" ? "priv" : "shared", value };
}

/** RFC 5257 §3.2.1. */
function isPartFlag(entry: string): boolean {
  return /^\/[0-9.]+\/flags\//.test(entry);
}

function isZeroOrOne(value: Uint8Array): boolean {
  return value.length === 1 && (value[0] === 0x30 || value[0] === 0x31);
}

/** "ANNOTATION" SP "(" entries SP attribs ")" (RFC 5257 §5 fetch-att) */
export function readAnnotationItem(reader: Reader): FetchItem {
  reader.space();
  reader.open();
  const entries = reader.atOpen
    ? reader.list(() => readPattern(reader), { max: PATTERNS_MAX, what: "entries" })
    : [readPattern(reader)];
  reader.space();
  const attributes = reader.atOpen
    ? reader.list(() => readAttribute(reader, FETCHED), { max: NAMES_MAX, what: "attributes" })
    : [readAttribute(reader, FETCHED)];
  reader.close();
  return { item: "ANNOTATION", entries, attributes: [...new Set(attributes.flat())] };
}

/** "ANNOTATION" SP entry-match SP att-search SP value (RFC 5257 §5 search-key); NIL asks for those that have no such value. */
export function readAnnotationKey(reader: Reader): SearchKey {
  const entry = readPattern(reader);
  reader.space();
  const scopes = readAttribute(reader, SEARCHED).map(scopeOf);
  reader.space();
  const bytes = reader.nstringBytes("a text");
  const text = bytes === null ? null : decodeUtf8(bytes) ?? latin1(bytes);
  if (text !== null && text.length > SEARCH_TEXT_CHARACTERS_MAX) reader.fail("The text is too long", "limit");
  return { key: "ANNOTATION", entry, scopes, text };
}

/** entry SP att-sort (RFC 5257 §5 sort-key) */
export function readAnnotationSort(reader: Reader): { readonly entry: string; readonly scope: AnnotationScope } {
  reader.space();
  const entry = readEntry(reader);
  reader.space();
  return { entry, scope: scopeOf(readAttribute(reader, VALUES)[0]) };
}

type Attributes = readonly [AnnotationAttribute, ...AnnotationAttribute[]];
type AttributeTable = ReadonlyMap<string, Attributes>;

const VALUES: AttributeTable = new Map([["value.priv", ["value.priv"]], ["value.shared", ["value.shared"]]]);
const SEARCHED: AttributeTable = new Map([...VALUES, ["value", ["value.priv", "value.shared"]]]);
/** RFC 5257 §3.2.2: without a suffix both are meant. */
const FETCHED: AttributeTable = new Map([
  ...SEARCHED,
  ["size", ["size.priv", "size.shared"]],
  ["size.priv", ["size.priv"]],
  ["size.shared", ["size.shared"]],
]);

function readAttribute(reader: Reader, known: AttributeTable): Attributes {
  const found = known.get(reader.astring("an attribute"));
  if (found === undefined) reader.fail("Not an attribute that can stand here");
  return found ?? ["value.priv"];
}

function scopeOf(attribute: AnnotationAttribute): AnnotationScope {
  return attribute.endsWith(".priv") ? "priv" : "shared";
}

/** entry = astring, without wildcards (RFC 5257 §3.2). */
function readEntry(reader: Reader): string {
  const entry = reader.astring("an entry");
  if (reader.failed) return "";
  if (isEntryPattern(entry) || entry[0] !== "/" || !isSound(entry)) reader.fail("Not the name of an entry");
  // RFC 5257 §3.2.1: of a part, as BODY[…] calls it.
  if (/^\/[0-9]/.test(entry) && !isOfPart(entry)) {
    reader.fail("Not the number of a part");
  }
  // RFC 5257 §3.5: must not be used.
  if (/^\/flags(\/|$)/.test(entry)) reader.fail("Flags of messages are no annotations");
  return entry;
}

function isOfPart(entry: string): boolean {
  const [, part, name] = entry.split("/");
  return name !== undefined && part!.split(".").every((number) => /^[1-9][0-9]{0,9}$/.test(number));
}

/** entry-match = list-mailbox: it may have wildcards. */
function readPattern(reader: Reader): string {
  const end = endOfPattern(reader.text, reader.at);
  const pattern = end > reader.at ? reader.cut(end) : reader.string("an entry");
  if (!reader.failed && !isSound(pattern)) reader.fail("Not the name of an entry");
  // Each is tried at every place of every name.
  reader.bounded(pattern.replaceAll(/[^*%]/g, "").length, WILDCARDS_MAX, "wildcards");
  return pattern;
}

function isSound(entry: string): boolean {
  return /^[\x20-\x7e]+$/.test(entry) && !entry.endsWith("/") && !entry.includes("//") &&
    entry.length <= ANNOTATION_ENTRY_CHARS_MAX;
}
