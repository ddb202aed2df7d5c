import type { FetchItem, PartialBytes, Section } from "./ast_fetch.ts";
import { FETCH_ITEMS_MAX, HEADER_FIELDS_MAX, PART_LEVELS_MAX } from "./syntax_limits.ts";
import { readAnnotationItem } from "./annotations.ts";
import { Reader } from "./reader.ts";

const DOT = 0x2e;
const LESS = 0x3c;
const GREATER = 0x3e;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

type PlainItem = Exclude<FetchItem["item"], "PREVIEW" | "ANNOTATION" | "BODY[]" | "BINARY[]" | "BINARY.SIZE[]">;

const PLAIN_ITEMS: ReadonlySet<string> = new Set<PlainItem>([
  "ENVELOPE",
  "FLAGS",
  "INTERNALDATE",
  "RFC822.SIZE",
  "BODY",
  "BODYSTRUCTURE",
  "UID",
  "MODSEQ",
  "EMAILID",
  "THREADID",
  "SAVEDATE",
  "RFC822",
  "RFC822.HEADER",
  "RFC822.TEXT",
]);

const plain = (...items: PlainItem[]): readonly FetchItem[] => items.map((item) => ({ item }));

/** RFC 9051 §6.4.5. */
const MACROS: ReadonlyMap<string, readonly FetchItem[]> = new Map([
  ["ALL", plain("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE")],
  ["FAST", plain("FLAGS", "INTERNALDATE", "RFC822.SIZE")],
  ["FULL", plain("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY")],
]);

/** "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")" */
export function readFetchItems(reader: Reader): readonly FetchItem[] {
  if (reader.atOpen) return readFetchList(reader);
  const from = reader.at;
  const macro = MACROS.get(readName(reader));
  if (macro !== undefined) return macro;
  if (!reader.failed) reader.at = from;
  return [readFetchItem(reader)];
}

/** "(" fetch-att *(SP fetch-att) ")" */
export function readFetchList(reader: Reader): FetchItem[] {
  return reader.list(() => readFetchItem(reader), { max: FETCH_ITEMS_MAX, what: "data items" });
}

/** fetch-att */
function readFetchItem(reader: Reader): FetchItem {
  const name = readName(reader);
  if (reader.peek() === OPEN_BRACKET) {
    const peek = name.endsWith(".PEEK");
    switch (name) {
      case "BODY":
      case "BODY.PEEK":
        return { item: "BODY[]", section: readSection(reader), peek, partial: readPartial(reader) };
      case "BINARY":
      case "BINARY.PEEK":
        return { item: "BINARY[]", part: readBinarySection(reader), peek, partial: readPartial(reader) };
      case "BINARY.SIZE":
        return { item: "BINARY.SIZE[]", part: readBinarySection(reader) };
    }
  } else if (PLAIN_ITEMS.has(name)) return { item: name as PlainItem };
  else if (name === "ANNOTATION") return readAnnotationItem(reader);
  else if (name === "PREVIEW") return { item: "PREVIEW", lazy: readLazy(reader) };
  reader.fail("Unknown data item");
  return { item: "UID" };
}

/** Letters, digits and dots: what a data item is called, in capitals. */
function readName(reader: Reader): string {
  let end = reader.at;
  for (; end < reader.text.length; end++) {
    const code = reader.text.charCodeAt(end);
    const letter = code | 0x20;
    if (!(letter >= 0x61 && letter <= 0x7a) && !(code >= 0x30 && code <= 0x39) && code !== DOT) break;
  }
  return reader.cut(end).toUpperCase();
}

/** "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"] (RFC 8970 §6) */
function readLazy(reader: Reader): boolean {
  if (!reader.takeWord(" (LAZY")) return false;
  while (reader.takeWord(" LAZY"));
  reader.close();
  return true;
}

/** section = "[" [section-spec] "]" */
function readSection(reader: Reader): Section {
  reader.take(OPEN_BRACKET);
  const part = readPart(reader);
  let text: Section["text"] = null;
  let fields: readonly string[] = [];
  if (!reader.take(CLOSE_BRACKET)) {
    text = readSectionText(reader, part.length > 0);
    if (text === "HEADER.FIELDS" || text === "HEADER.FIELDS.NOT") {
      reader.space();
      fields = reader.list(() => readFieldName(reader), { max: HEADER_FIELDS_MAX, what: "header fields" });
    }
    if (!reader.take(CLOSE_BRACKET)) reader.fail("A section does not end");
  }
  return { part, text, fields };
}

/** section-spec alone, as URLs have it (RFC 5092 §11 enc-section); null when it is none. */
export function parseSection(spec: string): Section | null {
  const reader = new Reader({ text: `[${spec}]`, literals: [] }, { utf8: false });
  const section = readSection(reader);
  reader.end();
  return reader.failed || spec === "" ? null : section;
}

/** section-msgtext, and "MIME" of a part. */
function readSectionText(reader: Reader, ofPart: boolean): Section["text"] {
  const name = readName(reader);
  switch (name) {
    case "HEADER":
    case "TEXT":
    case "HEADER.FIELDS":
    case "HEADER.FIELDS.NOT":
      return name;
    case "MIME":
      if (ofPart) return name;
  }
  reader.fail("Unknown section");
  return null;
}

/** header-fld-name = astring; a name with a colon or a blank in it is no field's. */
export function readFieldName(reader: Reader): string {
  const name = reader.astring("a field name");
  if (!reader.failed && !/^[\x21-\x39\x3b-\x7e]+$/.test(name)) reader.fail("Not the name of a header field");
  return name;
}

/** section-part = nz-number *("." nz-number), and the dot before what follows. */
function readPart(reader: Reader): number[] {
  const part: number[] = [];
  while (reader.peek() >= 0x30 && reader.peek() <= 0x39) {
    part.push(reader.nzNumber("The number of a part"));
    reader.bounded(part.length, PART_LEVELS_MAX, "levels of a part");
    if (!reader.take(DOT)) {
      if (reader.peek() !== CLOSE_BRACKET) reader.fail("A section does not end");
      break;
    }
    if (reader.peek() === CLOSE_BRACKET) reader.fail("A section ends in a dot");
  }
  return part;
}

/** section-binary = "[" [section-part] "]" */
function readBinarySection(reader: Reader): number[] {
  reader.take(OPEN_BRACKET);
  const part = readPart(reader);
  if (!reader.take(CLOSE_BRACKET)) reader.fail("A section does not end");
  return part;
}

/** partial = "<" number64 "." nz-number64 ">" */
function readPartial(reader: Reader): PartialBytes | null {
  if (!reader.take(LESS)) return null;
  const offset = reader.number64("The offset");
  if (!reader.take(DOT)) reader.fail("Missing the number of bytes");
  const length = reader.number64("The number of bytes");
  if (length === 0) reader.fail("No bytes are asked for");
  if (!reader.take(GREATER)) reader.fail("A partial does not end");
  return { offset, length };
}
