import type { AppendCommand, AppendMessage, AppendPart } from "./ast.ts";
import { LIST_ELEMENTS_MAX } from "./syntax_limits.ts";
import { readAnnotationChanges } from "./annotations.ts";
import { readFlagList, readMailbox } from "./arguments.ts";
import { readDateTime } from "./dates.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const STAR = 0x2a;
const NO_FLAGS = { flags: 0, keywords: [] };

/** append = "APPEND" SP mailbox 1*append-message (RFC 4466 §3, RFC 3502) */
export function readAppend(reader: Reader): AppendCommand {
  reader.space();
  const mailbox = readMailbox(reader);
  const messages: AppendMessage[] = [];
  do messages.push(readNext(reader)); while (!reader.ended);
  return { verb: "APPEND", mailbox, messages };
}

/** More messages of an APPEND whose first ones were read before; none when nothing follows. */
export function readMoreMessages(reader: Reader, before: AppendCommand): AppendCommand {
  const messages = [...before.messages];
  while (!reader.ended) messages.push(readNext(reader));
  return { ...before, messages };
}

/** Whether a message that is still to come ends what was read: nothing has to close behind it. */
export function endsInMessage({ messages }: AppendCommand): boolean {
  const { catenate, parts: [part] } = messages.at(-1)!;
  return !catenate && part?.type === "literal" && !part.utf8;
}

function readNext(reader: Reader): AppendMessage {
  reader.space();
  return readMessage(reader);
}

/** replace = "REPLACE" SP seq-number SP mailbox append-message (RFC 8508 §5) */
export function readReplace(reader: Reader, uid: boolean): AppendCommand {
  reader.space();
  const number = reader.take(STAR) ? 0 : reader.nzNumber("The message's number");
  reader.space();
  const mailbox = readMailbox(reader);
  reader.space();
  return { verb: "REPLACE", uid, number, mailbox, messages: [readMessage(reader)] };
}

/** append-message = [flag-list SP] [date-time SP] [att-annotate SP] append-data (RFC 5257 §5) */
function readMessage(reader: Reader): AppendMessage {
  const { flags, keywords } = reader.atOpen ? behind(reader, readFlagList(reader)) : NO_FLAGS;
  const internalDateMs = reader.peek() === QUOTE ? behind(reader, readDateTime(reader)) : null;
  const annotations = reader.takeWord("ANNOTATION ") ? behind(reader, readAnnotationChanges(reader)) : null;
  const catenate = reader.takeWord("CATENATE ");
  const parts = catenate ? readCatenated(reader) : [readUtf8Literal(reader) ?? readLiteral(reader, false)];
  return { flags, keywords, internalDateMs, catenate, parts, ...(annotations === null ? {} : { annotations }) };
}

function behind<T>(reader: Reader, value: T): T {
  reader.space();
  return value;
}

/** "(" cat-part *(SP cat-part) ")" (RFC 4469 §5); the list may break off behind a literal that is still to come. */
function readCatenated(reader: Reader): AppendPart[] {
  const parts: AppendPart[] = [];
  reader.open();
  do {
    parts.push(readCatenatedPart(reader));
    reader.bounded(parts.length, LIST_ELEMENTS_MAX, "parts");
  } while (reader.take(SPACE));
  if (!reader.awaitsLiteral) reader.close();
  return parts;
}

/** cat-part = "TEXT" SP literal / "URL" SP astring / "UTF8" SP "(" literal8 ")" (RFC 6855 §4) */
function readCatenatedPart(reader: Reader): AppendPart {
  if (reader.takeWord("TEXT ")) return readLiteral(reader, false);
  if (reader.takeWord("URL ")) return { type: "url", url: reader.astring("a URL") };
  const utf8 = readUtf8Literal(reader);
  if (utf8 === null) reader.fail("A part is TEXT, URL or UTF8");
  return utf8 ?? { type: "url", url: "" };
}

/** "UTF8" SP "(" literal8 ")" */
function readUtf8Literal(reader: Reader): AppendPart | null {
  if (!reader.takeWord("UTF8 (")) return null;
  const part = readLiteral(reader, true);
  if (!part.binary) reader.fail("UTF8 takes a literal8");
  if (!reader.awaitsLiteral) reader.close();
  return part;
}

function readLiteral(reader: Reader, utf8: boolean): Extract<AppendPart, { readonly type: "literal" }> {
  return { type: "literal", ...reader.messageLiteral(), utf8 };
}
