import { decodeUtf8 } from "../../../src/base/bytes.ts";

/** Data of a response: atoms and quoted strings in Unicode, literals as bytes, NIL as null, lists. */
export type Value = string | Uint8Array | null | readonly Value[];

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const TILDE = 0x7e;

/** Lists within lists; servers nest body structures a few dozen deep. */
const DEPTH_MAX = 1_000;

/**
 * The values in a text from `at` on. Literals stand in it as `{n}` CRLF, their bytes in `literals`. Takes what it can get: a list
 * that does not end ends with the text. Throws when lists lie too deep in each other.
 */
export function parseValues(text: string, literals: readonly Uint8Array[], at = 0): Value[] {
  const top: Value[] = [];
  const open: Value[][] = [];
  let list = top;
  let literal = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === SPACE) at++;
    else if (code === OPEN_PARENTHESIS) {
      if (open.length >= DEPTH_MAX) throw new RangeError("lists lie too deep in each other");
      const inner: Value[] = [];
      list.push(inner);
      open.push(list);
      list = inner;
      at++;
    } else if (code === CLOSE_PARENTHESIS) {
      list = open.pop() ?? top;
      at++;
    } else if (code === QUOTE) {
      const end = endOfQuoted(text, at);
      list.push(unicode(text.slice(at + 1, end - 1).replace(/\\(.)/gs, "$1")));
      at = end;
    } else if (code === OPEN_BRACE || (code === TILDE && text.charCodeAt(at + 1) === OPEN_BRACE)) {
      const end = text.indexOf("\n", at);
      list.push(literals[literal++] ?? null);
      at = end < 0 ? text.length : end + 1;
    } else {
      const end = endOfWord(text, at);
      const word = text.slice(at, end);
      list.push(word.length === 3 && word.toUpperCase() === "NIL" ? null : unicode(word));
      at = end;
    }
  }
  return top;
}

/** Where the quoted string that begins at `at` ends, behind its quote. */
function endOfQuoted(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === BACKSLASH) end++;
    else if (code === QUOTE) return end + 1;
  }
  return text.length + 1;
}

/** Where the atom ends; one like `BODY[HEADER.FIELDS (TO)]<0>` holds what is in its brackets. */
function endOfWord(text: string, at: number): number {
  let end = at;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === OPEN_BRACKET) end = endOfBrackets(text, end);
    else if (code === SPACE || code === OPEN_PARENTHESIS || code === CLOSE_PARENTHESIS || code === QUOTE) break;
  }
  return Math.min(Math.max(end, at + 1), text.length);
}

function endOfBrackets(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === QUOTE) end = endOfQuoted(text, end) - 1;
    else if (code === CLOSE_BRACKET) return end;
  }
  return text.length;
}

/** Text of one character for each byte in Unicode, where it is UTF-8; else as it is. */
export function unicode(wire: string): string {
  for (let i = 0; i < wire.length; i++) {
    if (wire.charCodeAt(i) < 0x80) continue;
    return decodeUtf8(Uint8Array.from(wire, (character) => character.charCodeAt(0))) ?? wire;
  }
  return wire;
}
