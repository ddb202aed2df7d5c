import { type MailboxName, parseMailboxName } from "../../../mail/mailbox_name.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
const SHIFT = "&";
const DIGITS: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (digit, value) => [digit, value]));

/** A name as it goes over the wire: UTF-8 when the client asked for it (RFC 9051 §5.1, RFC 6855 §3), else modified UTF-7. */
export function encodeMailboxName(name: string, utf8: boolean): string {
  return utf8 ? name : encodeModifiedUtf7(name);
}

/** The mailbox that the wire names, or null when none can be called so. */
export function decodeMailboxName(wire: string, utf8: boolean): MailboxName | null {
  const text = utf8 ? wire : decodeModifiedUtf7(wire);
  return text === null ? null : parseMailboxName(text);
}

/** A text in modified UTF-7 (RFC 3501 §5.1.3). */
export function encodeModifiedUtf7(text: string): string {
  if (isPlain(text)) return text;
  let wire = "";
  for (let at = 0; at < text.length;) {
    if (isPrintable(text.charCodeAt(at))) {
      wire += text[at] === SHIFT ? "&-" : text[at];
      at++;
      continue;
    }
    let end = at;
    while (end < text.length && !isPrintable(text.charCodeAt(end))) end++;
    wire += `&${encodeUnits(text, at, end)}-`;
    at = end;
  }
  return wire;
}

function encodeUnits(text: string, from: number, to: number): string {
  let wire = "";
  let bits = 0;
  let count = 0;
  for (let at = from; at < to; at++) {
    bits = (bits << 16) | text.charCodeAt(at);
    for (count += 16; count >= 6; count -= 6) wire += ALPHABET[(bits >> (count - 6)) & 63];
    bits &= (1 << count) - 1;
  }
  return count === 0 ? wire : wire + ALPHABET[(bits << (6 - count)) & 63];
}

/**
 * The text in modified UTF-7, or null when it is not that: exactly one way to write a name is taken, so that no two spellings
 * reach the same mailbox, and none hides a separator (RFC 3501 §5.1.3).
 */
export function decodeModifiedUtf7(wire: string): string | null {
  if (isPlain(wire)) return wire;
  let text = "";
  let endOfShift = -1;
  for (let at = 0; at < wire.length;) {
    if (!isPrintable(wire.charCodeAt(at))) return null;
    if (wire[at] !== SHIFT) {
      text += wire[at++];
      continue;
    }
    const end = wire.indexOf("-", at);
    if (end < 0) return null;
    if (end === at + 1) text += SHIFT;
    else {
      // A second shift right behind the first is superfluous.
      if (endOfShift === at) return null;
      const units = decodeUnits(wire, at + 1, end);
      if (units === null) return null;
      text += units;
      endOfShift = end + 1;
    }
    at = end + 1;
  }
  return text.isWellFormed() ? text : null;
}

function decodeUnits(wire: string, from: number, to: number): string | null {
  let text = "";
  let bits = 0;
  let count = 0;
  for (let at = from; at < to; at++) {
    const value = DIGITS.get(wire[at]!);
    if (value === undefined) return null;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 16) continue;
    count -= 16;
    const unit = bits >> count;
    if (isPrintable(unit)) return null;
    text += String.fromCharCode(unit);
    bits &= (1 << count) - 1;
  }
  // What is left are fewer bits than a digit has, all of them 0.
  return count < 6 && bits === 0 ? text : null;
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isPrintable(code) || code === 0x26) return false;
  }
  return true;
}

function isPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e;
}
