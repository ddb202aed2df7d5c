import { Buffer } from "node:buffer";
import { decodeUtf8 } from "../base/mod.ts";

/** Longest text that is worked on here, in characters; for longer ones an array of bytes costs less. */
const SHORT_CHARS_MAX = 2_048;

/** The text that UTF-8 stands for, given as one character for each byte; null when it is not well-formed (RFC 3629 §4). */
export function fromUtf8Chars(chars: string): string | null {
  if (chars.length > SHORT_CHARS_MAX) return decodeUtf8(Buffer.from(chars, "latin1"));
  let text = "";
  let from = 0;
  for (let at = 0; at < chars.length; at++) {
    const lead = chars.charCodeAt(at);
    if (lead < 0x80) continue;
    const tail = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    let code = lead & (0x3f >> tail);
    for (let i = 1; i <= tail; i++) {
      const next = chars.charCodeAt(at + i);
      if ((next & 0xc0) !== 0x80) return null; // NaN, too, where the text ends.
      code = (code << 6) | (next & 0x3f);
    }
    if (tail === 0 || code < SHORTEST[tail]! || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
    text += chars.slice(from, at) + String.fromCodePoint(code);
    at += tail;
    from = at + 1;
  }
  return from === 0 ? chars : text + chars.slice(from);
}

/** The first character that needs so many bytes behind the first: a shorter form is the only one allowed. */
const SHORTEST: readonly number[] = [0, 0x80, 0x800, 0x10000];

/** The UTF-8 bytes of a text, one character for each. What is no character is U+FFFD. */
export function toUtf8Chars(text: string): string {
  if (text.length > SHORT_CHARS_MAX) return Buffer.from(text, "utf8").toString("latin1");
  let chars = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    chars += text.slice(from, at);
    let code = text.codePointAt(at)!;
    if (code > 0xffff) at++;
    else if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    from = at + 1;
    if (code < 0x800) chars += String.fromCharCode(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) chars += String.fromCharCode(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else chars += String.fromCharCode(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return from === 0 ? text : chars + text.slice(from);
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}
