import { FieldSelector } from "./field_selector.ts";
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
  const ends: number[] = [];
  new FieldSelector(names, keep).select(header, { offset: 0, length: header.length }, ends);
  const ranges: ByteRange[] = [];
  for (let i = 0; i < ends.length; i += 2) ranges.push(range(ends[i]!, ends[i + 1]!));
  return ranges;
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
