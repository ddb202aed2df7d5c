import { Buffer } from "node:buffer";
import { latin1 } from "../base/latin1.ts";
import { hexDigit } from "./encoded_word.ts";

/**
 * A body with its transfer encoding (RFC 2045 §6) taken off, one character for each byte; null for an encoding that is unknown. What
 * is malformed is read as far as it goes. Linear; whoever calls bounds the body.
 */
export function decodeTransfer(body: Uint8Array, encoding: string): string | null {
  const bytes = decodeBody(body, encoding);
  return bytes === null ? null : latin1(bytes);
}

/**
 * The bytes of a body with its transfer encoding taken off, as BINARY (RFC 3516 §4.2) sends them: the body itself where there
 * is none to take off; null for an encoding that is unknown. What is malformed is read as far as it goes. Linear, never longer
 * than the body.
 */
export function decodeBody(body: Uint8Array, encoding: string): Uint8Array | null {
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "7bit":
    case "8bit":
    case "binary":
    case "7-bit": // As some programs spell them.
    case "8-bit":
      return body;
    case "base64":
      return base64(body);
    case "quoted-printable":
      return quotedPrintable(body);
    default:
      return null;
  }
}

/** RFC 2045 §6.8: other characters are passed over; what stands behind the padding is no more of it. */
function base64(body: Uint8Array): Uint8Array {
  const text = latin1(body);
  const padding = text.indexOf("=");
  return Buffer.from(padding < 0 ? text : text.slice(0, padding), "base64");
}

/** RFC 2045 §6.7: `=` and a line end is none; blanks at the end of a line were added on the way. */
function quotedPrintable(body: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(body.length);
  let length = 0;
  /** Where the blanks begin that may be the last of their line. */
  let blanksFrom = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]!;
    if (byte === EQUALS) {
      const [high, low] = [hexDigit(body[at + 1] ?? 0), hexDigit(body[at + 2] ?? 0)];
      if (high >= 0 && low >= 0) {
        bytes[length++] = high * 16 + low;
        at += 2;
      } else {
        const end = softBreak(body, at + 1);
        if (end < 0) bytes[length++] = byte;
        else at = end - 1;
      }
      blanksFrom = length;
      continue;
    }
    if (byte === LF || (byte === CR && body[at + 1] === LF)) length = blanksFrom;
    bytes[length++] = byte;
    if (byte !== SPACE && byte !== TAB) blanksFrom = length;
  }
  return bytes.subarray(0, length);
}

/** Blanks that are passed over between `=` and its line end: a line has no more (RFC 2045 §6.7). */
const SOFT_BREAK_BLANKS_MAX = 76;

/** Where the line begins that follows a `=` at the end of one; -1 when it is not at the end. */
function softBreak(body: Uint8Array, from: number): number {
  let at = from;
  while (at < from + SOFT_BREAK_BLANKS_MAX && (body[at] === SPACE || body[at] === TAB)) at++;
  if (at >= body.length) return body.length;
  if (body[at] === CR && body[at + 1] === LF) return at + 2;
  return body[at] === LF ? at + 1 : -1;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const EQUALS = 0x3d;
