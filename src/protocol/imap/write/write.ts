import { utf8 } from "../../../base/bytes.ts";
import { latin1 } from "../../../base/latin1.ts";
import { isAstringAtom } from "../grammar/characters.ts";
import { encodeMailboxName } from "./mailbox_name_codec.ts";

/*
 * Strings as they go over the wire: one character of U+0000 to U+00FF for each byte, so that sizes are lengths. `utf8` is whether the
 * client has asked for UTF-8 (RFC 6855, RFC 9051 §4.3): then what is not ASCII may stand in quotes.
 */

/** Longest text in quotes, in characters: some clients read lines of bounded length. */
const QUOTED_CHARACTERS_MAX = 1_000;

/** string (RFC 9051 §4.3) of a Unicode text: quoted where that is allowed, else a literal. */
export function writeString(text: string, utf8Allowed: boolean): string {
  if (text.length <= QUOTED_CHARACTERS_MAX) {
    if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
    if (isQuotable(text, utf8Allowed)) return `"${toWire(text).replace(/["\\]/g, "\\$&")}"`;
  }
  // No string may hold a NUL (RFC 9051 §9 CHAR8): U+FFFD stands for it.
  return literal(toWire(text.replaceAll("\0", "\ufffd")));
}

/** astring: without quotes where it cannot be taken for anything else. */
export function writeAstring(text: string, utf8Allowed: boolean): string {
  return isAstringAtom(text) && text.length <= QUOTED_CHARACTERS_MAX && text.toUpperCase() !== "NIL"
    ? text
    : writeString(text, utf8Allowed);
}

/** mailbox, in modified UTF-7 or UTF-8. Never longer than a line may be (RFC 9051 §5.1). */
export function writeMailbox(name: string, utf8Allowed: boolean): string {
  return writeAstring(encodeMailboxName(name, utf8Allowed), utf8Allowed);
}

/** nstring / literal8 of bytes (RFC 5464 §5 value, RFC 3516 §4.2): NUL needs a literal8. */
export function writeBytes(bytes: Uint8Array | null): string {
  if (bytes === null) return "NIL";
  const text = latin1(bytes);
  if (text.length <= QUOTED_CHARACTERS_MAX && isQuotable(text, false)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  return text.includes("\0") ? `~${literal(text)}` : literal(text);
}

/** A Unicode text as one character for each of its bytes in UTF-8. */
export function toWire(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : latin1(utf8(text));
}

function literal(wire: string): string {
  return `{${wire.length}}\r\n${wire}`;
}

function isQuotable(text: string, utf8Allowed: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code === 0x0a || code === 0x0d || (code >= 0x80 && !utf8Allowed)) return false;
  }
  return true;
}
