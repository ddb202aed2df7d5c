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

/** What was read of an APPEND or REPLACE up to the announcement of a literal: nothing of it is read again when the next one comes. */
export interface MessagesBefore {
  readonly tag: string;
  /** As in a problem. */
  readonly verb: string;
  /** With the message alone that the literal is of. */
  readonly command: AppendCommand;
  /** Messages so far, that one among them. */
  readonly count: number;
}

/** append = "APPEND" SP mailbox 1*append-message (RFC 4466 §3, RFC 3502) */
export function readAppend(reader: Reader): AppendCommand {
  reader.space();
  const mailbox = readMailbox(reader);
  const messages: AppendMessage[] = [];
  do messages.push(spaced(reader)); while (!reader.ended);
  return { verb: "APPEND", mailbox, messages };
}

/** The same or a REPLACE, from behind a message that was announced before: with the rest of that message, and those behind it. */
export function readOn(reader: Reader, { command, count }: MessagesBefore) {
  const messages = [readRest(reader, command.messages[0]!)];
  if (command.verb === "APPEND") {
    while (!reader.ended) messages.push(spaced(reader));
  }
  return { command: { ...command, messages }, count: count + messages.length - 1 };
}

function spaced(reader: Reader): AppendMessage {
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

/** What follows a literal in its message. */
function readRest(reader: Reader, message: AppendMessage): AppendMessage {
  if (message.catenate) return { ...message, parts: readCatenated(reader, message.parts) };
  endUtf8(reader, message.parts[0]!);
  return message;
}

function behind<T>(reader: Reader, value: T): T {
  reader.space();
  return value;
}

/**
 * "(" cat-part *(SP cat-part) ")" (RFC 4469 §5), or what is behind those that were read; the list may break off behind a literal that is
 * still to come.
 */
function readCatenated(reader: Reader, before: readonly AppendPart[] = []): AppendPart[] {
  const parts = [...before];
  const last = parts.at(-1);
  if (last === undefined) reader.open();
  else endUtf8(reader, last);
  for (let more = last === undefined || reader.take(SPACE); more; more = reader.take(SPACE)) {
    parts.push(readCatenatedPart(reader));
    reader.bounded(parts.length, LIST_ELEMENTS_MAX, "parts");
  }
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
  if (!reader.awaitsLiteral) endUtf8(reader, part);
  return part;
}

function endUtf8(reader: Reader, part: AppendPart): void {
  if (part.type === "literal" && part.utf8) reader.close();
}

function readLiteral(reader: Reader, utf8: boolean): Extract<AppendPart, { readonly type: "literal" }> {
  return { type: "literal", ...reader.messageLiteral(), utf8 };
}
