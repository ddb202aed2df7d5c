import { Flag } from "../../../mail/flag.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import type { FetchItem } from "./ast_fetch.ts";
import type { SearchCriteria, SearchKey, SearchReturn } from "./ast_search.ts";
import { SEARCH_DEPTH_MAX, SEARCH_KEYS_MAX, SEARCH_TEXT_CHARACTERS_MAX } from "./syntax_limits.ts";
import { readKeyword, readSet } from "./arguments.ts";
import { readDate } from "./dates.ts";
import { readFetchList, readFieldName } from "./fetch.ts";
import { type ModifierTable, readModifiers, readPartialRange } from "./modifiers.ts";
import { readAnnotationKey } from "./annotations.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const DOLLAR = 0x24;
const CLOSE_PARENTHESIS = 0x29;
const STAR = 0x2a;
const CHARSETS: ReadonlySet<string> = new Set(["UTF-8", "US-ASCII"]);

/** search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"; null when there are none. */
export function readSearchReturn(reader: Reader): SearchReturn | null {
  if (!reader.takeWord(" RETURN ")) return null;
  const returns = { ...NOTHING };
  const table: ModifierTable = {
    MIN: () => returns.min = true,
    MAX: () => returns.max = true,
    ALL: () => returns.all = true,
    COUNT: () => returns.count = true,
    SAVE: () => returns.save = true,
    CONTEXT: () => returns.context = true,
    RELEVANCY: () => returns.relevancy = true,
    PARTIAL: () => returns.partial = readPartialRange(reader),
    UPDATE: () => returns.update = { items: readUpdateItems(reader) },
  };
  if (!reader.takeWord("()")) readModifiers(reader, table);
  // RFC 9394 §3.1: results are told once, whole or in part.
  if (returns.all && returns.partial !== null) reader.fail("ALL and PARTIAL cannot stand together");
  return returns;
}

/** modifier-update = "UPDATE" ["(" fetch-att *(SP fetch-att) ")"] (RFC 5465 §8), and with the space of other modifiers. */
function readUpdateItems(reader: Reader): FetchItem[] {
  if (reader.text.startsWith(" (", reader.at)) reader.space();
  return reader.atOpen ? readFetchList(reader) : [];
}

const NOTHING: { -readonly [K in keyof SearchReturn]: SearchReturn[K] } = {
  min: false,
  max: false,
  all: false,
  count: false,
  save: false,
  partial: null,
  update: null,
  context: false,
  relevancy: false,
};

/** search-program = ["CHARSET" SP charset SP] search-key *(SP search-key) */
export function readSearchProgram(reader: Reader): SearchCriteria {
  const charset = reader.takeWord("CHARSET ") ? readCharset(reader) : null;
  if (charset !== null) reader.space();
  return { charset, keys: readSearchKeys(reader) };
}

/** search-criteria = charset 1*(SP search-key) (RFC 5256 §5) */
export function readSearchCriteria(reader: Reader): SearchCriteria {
  const charset = readCharset(reader);
  reader.space();
  return { charset, keys: readSearchKeys(reader) };
}

/** charset = atom / quoted */
function readCharset(reader: Reader): string {
  const charset = (reader.peek() === QUOTE ? reader.string("a charset") : reader.atom("a charset")).toUpperCase();
  if (!CHARSETS.has(charset)) reader.fail("Only UTF-8 and US-ASCII are searched in", "badCharset");
  return charset;
}

/** search-key *(SP search-key) */
export function readSearchKeys(reader: Reader): SearchKey[] {
  return new KeyReader(reader).keys(0);
}

type KeyTable = Readonly<Record<string, SearchKey | ((reader: Reader) => SearchKey)>>;

/** Counts the keys of a search, and how deep they lie in each other. */
class KeyReader {
  #count = 0;

  constructor(private readonly reader: Reader) {}

  keys(depth: number): SearchKey[] {
    const keys: SearchKey[] = [];
    do keys.push(this.#key(depth)); while (this.reader.take(SPACE));
    return keys;
  }

  #key(depth: number): SearchKey {
    const { reader } = this;
    reader.bounded(++this.#count, SEARCH_KEYS_MAX, "search keys");
    reader.bounded(depth, SEARCH_DEPTH_MAX, "search keys within each other");
    if (reader.atOpen) {
      reader.open();
      const of = this.keys(depth + 1);
      if (!reader.take(CLOSE_PARENTHESIS)) reader.fail("Missing a closing parenthesis");
      return of.length === 1 ? of[0]! : { key: "AND", of };
    }
    const code = reader.peek();
    if (code === STAR || code === DOLLAR || (code >= 0x30 && code <= 0x39)) {
      return { key: "SET", set: readSet(reader, "sequence") };
    }
    const name = reader.word("a search key");
    switch (name) {
      case "NOT":
      case "FUZZY":
        reader.space();
        return { key: name, of: this.#key(depth + 1) };
      case "OR": {
        reader.space();
        const left = this.#key(depth + 1);
        reader.space();
        return { key: "OR", of: [left, this.#key(depth + 1)] };
      }
    }
    const known = Object.hasOwn(KEYS, name) ? KEYS[name]! : null;
    if (known === null) {
      reader.fail("Unknown search key");
      return { key: "ALL" };
    }
    return typeof known === "function" ? (reader.space(), known(reader)) : known;
  }
}

const KEYS: KeyTable = {
  ALL: { key: "ALL" },
  RECENT: { key: "RECENT" },
  NEW: { key: "NEW" },
  OLD: { key: "OLD" },
  SAVEDATESUPPORTED: { key: "SAVEDATESUPPORTED" },
  ANSWERED: { key: "FLAG", flags: Flag.answered, set: true },
  DELETED: { key: "FLAG", flags: Flag.deleted, set: true },
  DRAFT: { key: "FLAG", flags: Flag.draft, set: true },
  FLAGGED: { key: "FLAG", flags: Flag.flagged, set: true },
  SEEN: { key: "FLAG", flags: Flag.seen, set: true },
  UNANSWERED: { key: "FLAG", flags: Flag.answered, set: false },
  UNDELETED: { key: "FLAG", flags: Flag.deleted, set: false },
  UNDRAFT: { key: "FLAG", flags: Flag.draft, set: false },
  UNFLAGGED: { key: "FLAG", flags: Flag.flagged, set: false },
  UNSEEN: { key: "FLAG", flags: Flag.seen, set: false },
  KEYWORD: (reader) => ({ key: "KEYWORD", keyword: readKeyword(reader), set: true }),
  UNKEYWORD: (reader) => ({ key: "KEYWORD", keyword: readKeyword(reader), set: false }),
  BCC: header("Bcc"),
  CC: header("Cc"),
  FROM: header("From"),
  SUBJECT: header("Subject"),
  TO: header("To"),
  HEADER: (reader) => {
    const field = readFieldName(reader);
    reader.space();
    return { key: "HEADER", field, text: readText(reader) };
  },
  BODY: (reader) => ({ key: "BODY", text: readText(reader) }),
  TEXT: (reader) => ({ key: "TEXT", text: readText(reader) }),
  BEFORE: date("internal", "before"),
  ON: date("internal", "on"),
  SINCE: date("internal", "since"),
  SENTBEFORE: date("sent", "before"),
  SENTON: date("sent", "on"),
  SENTSINCE: date("sent", "since"),
  SAVEDBEFORE: date("saved", "before"),
  SAVEDON: date("saved", "on"),
  SAVEDSINCE: date("saved", "since"),
  LARGER: (reader) => ({ key: "LARGER", bytes: reader.number64("The size") }),
  SMALLER: (reader) => ({ key: "SMALLER", bytes: reader.number64("The size") }),
  YOUNGER: (reader) => ({ key: "YOUNGER", seconds: reader.nzNumber("The age") }),
  OLDER: (reader) => ({ key: "OLDER", seconds: reader.nzNumber("The age") }),
  UID: (reader) => ({ key: "SET", set: readSet(reader, "uid") }),
  UIDAFTER: (reader) => uidsBetween(reader.nzNumber("The UID") + 1, UID_MAX),
  UIDBEFORE: (reader) => uidsBetween(1, reader.nzNumber("The UID") - 1),
  MODSEQ: readModSeqKey,
  EMAILID: (reader) => ({ key: "EMAILID", id: readObjectId(reader) }),
  THREADID: (reader) => ({ key: "THREADID", id: readObjectId(reader) }),
  ANNOTATION: readAnnotationKey,
  FILTER: (reader) => ({ key: "FILTER", name: readFilterName(reader) }),
};

function header(field: string): (reader: Reader) => SearchKey {
  return (reader) => ({ key: "HEADER", field, text: readText(reader) });
}

/** UIDAFTER, UIDBEFORE (RFC 9738 §3.2): messages whose UIDs lie between two, both among them. */
function uidsBetween(first: number, last: number): SearchKey {
  return first > last ? { key: "NOT", of: { key: "ALL" } } : { key: "SET", set: { by: "uid", pairs: [first, last] } };
}

function date(
  of: "internal" | "sent" | "saved",
  than: "before" | "on" | "since",
): (reader: Reader) => SearchKey {
  return (reader) => ({ key: "DATE", of, than, dayMs: readDate(reader) });
}

/** astring, to be searched for. */
function readText(reader: Reader): string {
  const text = reader.astring("a text");
  if (text.length > SEARCH_TEXT_CHARACTERS_MAX) reader.fail("The text is too long", "limit");
  return text;
}

/** "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer (RFC 7162 §3.1.5) */
function readModSeqKey(reader: Reader): SearchKey {
  if (reader.peek() === QUOTE) {
    if (!/^\/flags\/\\?[^\\/ ]+$/i.test(reader.string("an entry"))) reader.fail("Not the entry of a flag");
    reader.space();
    if (!/^(PRIV|SHARED|ALL)$/.test(reader.word("the type of an entry"))) reader.fail("Unknown type of an entry");
    reader.space();
  }
  return { key: "MODSEQ", atLeast: reader.number64("The modification sequence") };
}

/** filter-name = 1*<any ATOM-CHAR except "/"> (RFC 5466 §4) */
function readFilterName(reader: Reader): string {
  const name = reader.atom("the name of a filter");
  if (name.includes("/")) reader.fail("Not the name of a filter");
  return name;
}

/** objectid = 1*255(ALPHA / DIGIT / "_" / "-") (RFC 8474 §7) */
function readObjectId(reader: Reader): string {
  const id = reader.astring("an object's identifier");
  if (!reader.failed && !/^[A-Za-z0-9_-]{1,255}$/.test(id)) reader.fail("Not an object's identifier");
  return id;
}
