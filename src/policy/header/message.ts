import { concat, latin1 } from "../../base/mod.ts";

/** Bytes of a header that are read; a longer one is not complete. Above what SMTP takes in. */
export const HEADER_BYTES_MAX = 1024 * 1024;
/** Fields of a header that are read; a header with more is not complete. */
export const HEADER_FIELDS_MAX = 20_000;

/** One header field as it stands in the message (RFC 5322 §2.2), in Latin-1: one character for each byte. */
export interface HeaderField {
  /** In lower case; "" when the line has no colon and so is no field. */
  readonly name: string;
  /** The whole field, folds and the final CRLF included. */
  readonly raw: string;
}

/** A header taken apart: its fields from top to bottom. */
export interface Header {
  readonly fields: readonly HeaderField[];
  /** False when the header is longer than is read: what it says cannot be relied on. */
  readonly complete: boolean;
}

/** A message taken apart. */
export interface Message extends Header {
  /** The header's bytes, the empty line not. */
  readonly head: Uint8Array;
  /** The body in pieces. */
  readonly body: readonly Uint8Array[];
}

/** What stands behind the colon, folds included, the final CRLF not. */
export function valueOf({ raw }: HeaderField): string {
  const end = raw.endsWith("\r\n") ? raw.length - 2 : raw.length;
  return raw.slice(raw.indexOf(":") + 1, end);
}

/** All fields of this name, which is in lower case, from top to bottom. */
export function fieldsNamed({ fields }: Pick<Message, "fields">, name: string): HeaderField[] {
  return fields.filter((field) => field.name === name);
}

/** Takes a message apart without copying its body. The header ends at the first empty line (RFC 5322 §2.1). */
export function readMessage(parts: readonly Uint8Array[]): Message {
  const { head, body, complete } = splitMessage(parts);
  const fields = splitFields(latin1(head));
  return { head, fields, body, complete: complete && fields.length < HEADER_FIELDS_MAX };
}

/** Takes a header apart that comes without its message: what `readMessage` calls `head`. */
export function readHeader(head: Uint8Array): Header {
  const fields = splitFields(latin1(head));
  return { fields, complete: head.length < HEADER_BYTES_MAX && fields.length < HEADER_FIELDS_MAX };
}

/** The header with its CRLFs and the body behind the empty line. Linear in the header, however it is cut. */
export function splitMessage(
  parts: readonly Uint8Array[],
): Pick<Message, "head" | "body" | "complete"> {
  let matched = 2; // Of CRLF CRLF: a message begins as a line does.
  let bytes = 0;
  for (const [i, part] of parts.entries()) {
    for (let at = 0; at < part.length; at++) {
      const byte = part[at];
      if (byte === (matched % 2 === 0 ? CR : LF)) matched++;
      else matched = byte === CR ? 1 : 0;
      const ended = matched === 4;
      if (!ended && ++bytes < HEADER_BYTES_MAX) continue;
      const read = part.subarray(0, at + 1);
      const head = i === 0 ? read : concat([...parts.slice(0, i), read]);
      const rest = part.subarray(at + 1);
      const body = [...(rest.length > 0 ? [rest] : []), ...parts.slice(i + 1)];
      return { head: ended ? head.subarray(0, -2) : head, body, complete: ended };
    }
  }
  return { head: concat(parts), body: [], complete: true };
}

/** A line that begins with a blank belongs to the field above it (RFC 5322 §2.2.3). */
function splitFields(header: string): HeaderField[] {
  const fields: HeaderField[] = [];
  let start = 0;
  while (start < header.length && fields.length < HEADER_FIELDS_MAX) {
    let end = header.indexOf("\r\n", start);
    while (end >= 0 && isBlank(header.charCodeAt(end + 2))) end = header.indexOf("\r\n", end + 2);
    end = end < 0 ? header.length : end + 2;
    const raw = header.slice(start, end);
    fields.push({ name: nameOf(raw), raw });
    start = end;
  }
  return fields;
}

function nameOf(raw: string): string {
  const colon = raw.indexOf(":");
  if (colon <= 0) return "";
  // RFC 5322 §4.5 lets blanks stand before the colon.
  let end = colon;
  while (end > 0 && isBlank(raw.charCodeAt(end - 1))) end--;
  return raw.slice(0, end).toLowerCase();
}

const CR = 0x0d;
const LF = 0x0a;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
