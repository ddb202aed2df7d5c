import { latin1 } from "../base/mod.ts";
import { fieldEnd } from "./header_fields.ts";
import type { IndexedPart } from "./part_rows.ts";

/** Bytes of a message. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * What BODY[…] names (RFC 9051 §6.4.5.1). `part` are the numbers, none for the message itself. `fields` and `otherFields` are
 * HEADER.FIELDS and HEADER.FIELDS.NOT: of the bytes of the header {@link selectFields} then takes what is wanted.
 */
export type Section =
  | { readonly part: readonly number[]; readonly want: "all" | "header" | "text" | "mime" }
  | { readonly part: readonly number[]; readonly want: "fields" | "otherFields"; readonly names: readonly string[] };

/**
 * Where the section lies in the message, for `fields` and `otherFields` the header they are of; null when the message has none
 * such.
 */
export function locateSection(message: IndexedPart, { part, want }: Section): ByteRange | null {
  if (part.length === 0) {
    if (want === "all") return range(message.headerStart, message.bodyEnd);
    return want === "mime" ? null : want === "text" ? body(message) : header(message);
  }
  const found = findPart(message, part);
  if (found === null) return null;
  if (want === "all") return body(found);
  if (want === "mime") return header(found);
  // HEADER and TEXT of a part are those of the message in it.
  const inner = found.kind === "message" ? found.children[0] : undefined;
  if (inner === undefined) return null;
  return want === "text" ? body(inner) : header(inner);
}

/**
 * The part with these numbers (RFC 9051 §6.4.5.1), or null. A message that is no multipart has one part, number 1: its body; a
 * part that is a message has the parts of that message.
 */
export function findPart(message: IndexedPart, numbers: readonly number[]): IndexedPart | null {
  let part = message;
  let ofMessage = true;
  for (const number of numbers) {
    if (!ofMessage && part.kind === "message") {
      part = part.children[0]!;
      ofMessage = true;
    }
    if (part.kind === "multipart") {
      const child = part.children[number - 1];
      if (child === undefined) return null;
      part = child;
    } else if (!ofMessage || number !== 1) return null;
    ofMessage = false;
  }
  return part;
}

/** The part of a range that `<offset.length>` asks for (RFC 9051 §6.4.5.1); empty when it begins behind its end. */
export function partialRange({ offset, length }: ByteRange, asked: ByteRange): ByteRange {
  const skipped = Math.min(asked.offset, length);
  return { offset: offset + skipped, length: Math.min(asked.length, length - skipped) };
}

/**
 * Which bytes of a header section are the fields of these names, folds included, or all fields but those when `keep` is false;
 * and always the empty line at its end, where there is one. Neighbours are one range. Names are compared without case. Linear.
 */
export function selectFields(header: Uint8Array, names: readonly string[], keep: boolean): ByteRange[] {
  const text = latin1(header);
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const ranges: { offset: number; length: number }[] = [];
  for (let at = 0; at < text.length;) {
    const end = fieldEnd(text, at);
    if (isEmptyLine(text, at) || wanted.has(nameOf(text, at, end)) === keep) {
      const last = ranges.at(-1);
      if (last !== undefined && last.offset + last.length === at) last.length += end - at;
      else ranges.push({ offset: at, length: end - at });
    }
    at = end;
  }
  return ranges;
}

function isEmptyLine(text: string, at: number): boolean {
  return text.startsWith("\n", at) || text.startsWith("\r\n", at);
}

/** Longest name of a field, in characters: a line has no more (RFC 5322 §2.1.1). */
const NAME_CHARS_MAX = 998;

/** Name of the field between these places in lower case, or "" when it is none. */
function nameOf(text: string, start: number, end: number): string {
  const line = text.slice(start, Math.min(end, start + NAME_CHARS_MAX + 1));
  const colon = line.indexOf(":");
  return colon < 0 ? "" : line.slice(0, colon).trimEnd().toLowerCase();
}

function range(start: number, end: number): ByteRange {
  return { offset: start, length: end - start };
}

function header({ headerStart, bodyStart }: IndexedPart): ByteRange {
  return range(headerStart, bodyStart);
}

function body({ bodyStart, bodyEnd }: IndexedPart): ByteRange {
  return range(bodyStart, bodyEnd);
}
