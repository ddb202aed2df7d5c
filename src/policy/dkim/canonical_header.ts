import { type HeaderField, valueOf, withoutTagValue } from "../header/mod.ts";

/** The two ways to write a header or a body before it is hashed (RFC 6376 §3.4). */
export type Canonicalization = "simple" | "relaxed";

/** One field as it is hashed, with its CRLF (RFC 6376 §3.4.1, §3.4.2). */
export function canonicalField(field: HeaderField, way: Canonicalization): string {
  return way === "simple" ? field.raw : `${field.name}:${collapse(valueOf(field))}\r\n`;
}

/** The signature's own field as it is hashed: its b= empty, without the final CRLF (RFC 6376 §3.7). */
export function canonicalSignature(field: HeaderField, way: Canonicalization): string {
  const value = withoutTagValue(valueOf(field), "b");
  return way === "simple" ? field.raw.slice(0, field.raw.indexOf(":") + 1) + value : `${field.name}:${collapse(value)}`;
}

/** Unfolds, makes runs of blanks one space and drops those at both ends, each step in linear time. */
function collapse(value: string): string {
  const one = value.replace(/\r\n/g, "").replace(/[ \t]+/g, " ");
  const start = one.startsWith(" ") ? 1 : 0;
  const end = one.length > start && one.endsWith(" ") ? one.length - 1 : one.length;
  return one.slice(start, end);
}

/**
 * The fields that h= names, as they are hashed. A name that comes again takes the next field above; one that is not there, or
 * no longer, adds nothing (RFC 6376 §5.4.2).
 */
export function canonicalHeader(
  fields: readonly HeaderField[],
  names: readonly string[],
  way: Canonicalization,
): string {
  const left = new Map<string, HeaderField[]>();
  for (const name of names) left.set(name, []);
  for (const field of fields) left.get(field.name)?.push(field);
  let text = "";
  for (const name of names) {
    const field = left.get(name)!.pop();
    if (field !== undefined) text += canonicalField(field, way);
  }
  return text;
}
