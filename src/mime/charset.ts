import { Buffer } from "node:buffer";
import { decodeUtf8, latin1 } from "../base/mod.ts";
import { fromUtf8Chars } from "./utf8_text.ts";

/** Longest name of a charset that is looked up, in characters (RFC 2978 §2.3 allows 40). */
const LABEL_CHARS_MAX = 40;

/** Names that say nothing of bytes above 127. */
const ASCII_LABELS: ReadonlySet<string> = new Set(["us-ascii", "ascii", ""]);

/**
 * The text of bytes in this charset, whatever its name. Charsets are those of the WHATWG Encoding Standard, so UTF-7 is none. Of an
 * unknown one the ASCII characters are kept and the others are U+FFFD. Never throws.
 */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const name = label.length > LABEL_CHARS_MAX ? "?" : label.trim().toLowerCase();
  if (ASCII_LABELS.has(name)) return decodeUnlabelled(bytes);
  if (name === "utf-8" || name === "utf8") return decodeUtf8(bytes) ?? new TextDecoder().decode(bytes);
  const decoder = decoderOf(name);
  return decoder === null ? latin1(bytes).replace(/[\x80-\xff]/g, "\ufffd") : decoder.decode(bytes);
}

/** Bytes that nobody named a charset for: UTF-8 where they are well-formed, as RFC 6532 §3.2 has it, else windows-1252. */
export function decodeUnlabelled(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? new TextDecoder("windows-1252").decode(bytes);
}

/** As {@link decodeCharset}, of bytes given as one character each. */
export function decodeCharsetChars(chars: string, label: string): string {
  const name = label.toLowerCase();
  if (name === "utf-8" || ASCII_LABELS.has(name)) {
    const text = isAscii(chars) ? chars : fromUtf8Chars(chars);
    if (text !== null) return text;
  }
  return decodeCharset(Buffer.from(chars, "latin1"), label);
}

/** As {@link decodeUnlabelled}, of bytes given as one character each; ASCII costs one look. */
export function decodeRaw(chars: string): string {
  return decodeCharsetChars(chars, "");
}

/** Whether all characters are below U+0080. */
export function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label);
  } catch {
    return null; // A RangeError for each label that is not in the list, and for those that stand for no decoding at all.
  }
}
