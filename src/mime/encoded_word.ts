import { Buffer } from "node:buffer";
import { decodeCharsetChars, decodeRaw } from "./charset.ts";
import { trimBlanks } from "./raw_text.ts";

/** Characters of a text that are looked through for encoded words; what stands behind stays as it is. */
export const ENCODED_TEXT_CHARS_MAX = 65_536;

/** One encoded word: its charset, the bytes it stands for, one character for each, and where it ends. */
interface Word {
  readonly charset: string;
  readonly bytes: string;
  readonly end: number;
}

/**
 * The text of an unstructured field with its encoded words decoded (RFC 2047). `raw` has one character for each byte; folds are taken
 * out. Blanks between two encoded words vanish (§6.2); a character that was cut in two between words of one charset is put together.
 * What is malformed stays as it is written. Linear, never throws.
 */
export function decodeWords(raw: string): string {
  const text = unfold(raw);
  if (!text.includes("=?")) return decodeRaw(text);
  const finder = new WordFinder(text);
  let decoded = "";
  let plainFrom = 0;
  /** Words that wait for the next: of one charset they are decoded together. */
  let waiting: string | null = null;
  let charset = "";
  const flush = () => {
    if (waiting !== null) decoded += decodeCharsetChars(waiting, charset);
    waiting = null;
  };
  for (let at = text.indexOf("=?"); at >= 0 && at < ENCODED_TEXT_CHARS_MAX;) {
    const word = finder.wordAt(at);
    if (word === null) {
      at = text.indexOf("=?", at + 2);
      continue;
    }
    const between = text.slice(plainFrom, at);
    const joins: boolean = waiting !== null && trimBlanks(between) === "";
    if (!joins || word.charset !== charset || isStateful(charset)) flush();
    if (!joins) decoded += decodeRaw(between);
    charset = word.charset;
    waiting = (waiting ?? "") + word.bytes;
    plainFrom = word.end;
    at = text.indexOf("=?", word.end);
  }
  flush();
  return decoded + decodeRaw(text.slice(plainFrom));
}

/** The text as one line: without the line ends of its folds; the blanks behind them stay (RFC 5322 §2.2.3). */
export function unfold(text: string): string {
  return text.includes("\n") ? text.replace(/\r?\n/g, "") : text;
}

/** Reads encoded words of one text, and searches for the end of one no further than once through the text. */
class WordFinder {
  #end = -1;
  constructor(private readonly text: string) {}

  /** encoded-word = "=?" charset "?" encoding "?" encoded-text "?=" (RFC 2047 §2), or null where none begins. */
  wordAt(at: number): Word | null {
    const { text } = this;
    const question = text.indexOf("?", at + 2);
    if (question < 0 || text[question + 2] !== "?") return null;
    const start = question + 3;
    const end = this.#endFrom(start);
    if (end < 0) return null;
    const [charset = ""] = text.slice(at + 2, question).toLowerCase().split("*", 1); // RFC 2231 §5: a language may follow.
    const encoding = text[question + 1]!.toLowerCase();
    const content = text.slice(start, end);
    if (charset === "" || charset.includes(" ") || (encoding !== "q" && encoding !== "b")) return null;
    const bytes = encoding === "q" ? decodeQ(content) : Buffer.from(content, "base64").toString("latin1");
    return { charset, bytes, end: end + 2 };
  }

  #endFrom(start: number): number {
    if (this.#end < start && this.#end !== Infinity) {
      const found = this.text.indexOf("?=", start);
      this.#end = found < 0 ? Infinity : found;
    }
    return this.#end === Infinity ? -1 : this.#end;
  }
}

/** RFC 2047 §4.2. */
function decodeQ(text: string): string {
  let bytes = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === UNDERSCORE) {
      bytes += `${text.slice(from, at)} `;
      from = at + 1;
    } else if (code === EQUALS) {
      const [high, low] = [hexDigit(text.charCodeAt(at + 1)), hexDigit(text.charCodeAt(at + 2))];
      if (high < 0 || low < 0) continue;
      bytes += text.slice(from, at) + String.fromCharCode(high * 16 + low);
      at += 2;
      from = at + 1;
    }
  }
  return bytes + text.slice(from);
}

const UNDERSCORE = 0x5f;
const EQUALS = 0x3d;

/** The value of a hexadecimal digit given as a character code, or -1. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const upper = code & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1;
}

/** Words of such a charset end in its first state, and escape sequences with nothing between them are an error when joined. */
function isStateful(charset: string): boolean {
  return charset.startsWith("iso-2022-");
}
