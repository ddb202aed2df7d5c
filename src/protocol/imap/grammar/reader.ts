import { decodeUtf8, utf8 } from "../../../base/bytes.ts";
import type { FramedCommand } from "../frame/frame.ts";
import { endOfAstring, endOfAtom } from "./characters.ts";

/** Why a command cannot be read. `text` is for the human at the other end: it holds nothing of what was sent. */
export interface ParseProblem {
  readonly kind: "syntax" | "badTag" | "unknownCommand" | "badCharset" | "limit" | "foreign";
  readonly text: string;
}

/** How the bytes of strings are read. */
export interface GrammarMode {
  /** UTF-8 in quoted strings, mailbox names in UTF-8: after ENABLE of UTF8=ACCEPT (RFC 6855) or IMAP4rev2. */
  readonly utf8: boolean;
}

/** A literal met in a message of APPEND. */
export interface MetLiteral {
  readonly bytes: number;
  readonly binary: boolean;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const TILDE = 0x7e;
/** Numbers beyond are as good as this one: no size and no modification sequence of ours reaches it. */
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;
const NUMBER64_DIGITS = "9223372036854775807";

/**
 * Reads a command from its beginning to its end, once. The first problem sticks: everything read after it is empty, no character is
 * met any more, and so every loop ends. The value made of it is thrown away.
 */
export class Reader {
  readonly text: string;
  readonly utf8: boolean;
  at = 0;
  problem: ParseProblem | null = null;
  readonly #literals: FramedCommand["literals"];
  #literal = 0;

  constructor(command: FramedCommand, mode: GrammarMode) {
    this.text = command.text;
    this.#literals = command.literals;
    this.utf8 = mode.utf8;
  }

  fail(text: string, kind: ParseProblem["kind"] = "syntax"): void {
    this.problem ??= { kind, text };
    this.at = this.text.length;
  }

  get failed(): boolean {
    return this.problem !== null;
  }

  /** Whether a list or a command may grow to this many elements. */
  bounded(count: number, max: number, what: string): void {
    if (count > max) this.fail(`Too many ${what}`, "limit");
  }

  /** The code of the next character; NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.at);
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  /** Steps over a character if it is the next one. */
  take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at++;
    return true;
  }

  /** Steps over these characters if they come next, in any case. `upper` is in capitals. */
  takeWord(upper: string): boolean {
    const end = this.at + upper.length;
    // Beyond ASCII a character may grow in capitals: only as many as are wanted may be met.
    if (end > this.text.length || this.text.slice(this.at, end).toUpperCase() !== upper) return false;
    this.at = end;
    return true;
  }

  /** SP: exactly one (RFC 9051 §9). */
  space(): void {
    if (!this.take(SPACE)) this.fail("Missing a space");
  }

  open(): void {
    if (!this.take(OPEN_PARENTHESIS)) this.fail("Missing an opening parenthesis");
  }

  close(): void {
    if (!this.take(CLOSE_PARENTHESIS)) this.fail("Missing a closing parenthesis");
  }

  get atOpen(): boolean {
    return this.peek() === OPEN_PARENTHESIS;
  }

  /** "(" element *(SP element) ")"; with `empty`, "()" too. */
  list<T>(element: () => T, options: { readonly max: number; readonly what: string; readonly empty?: boolean }): T[] {
    const { max, what, empty = false } = options;
    const elements: T[] = [];
    this.open();
    if (empty && this.take(CLOSE_PARENTHESIS)) return elements;
    do {
      elements.push(element());
      this.bounded(elements.length, max, what);
    } while (this.take(SPACE));
    this.close();
    return elements;
  }

  /** The command ends here. */
  end(): void {
    if (!this.ended) this.fail("Unexpected text after the arguments");
  }

  /** atom = 1*ATOM-CHAR */
  atom(what: string): string {
    const end = endOfAtom(this.text, this.at);
    if (end === this.at) this.fail(`Missing ${what}`);
    return this.cut(end);
  }

  /** An atom in capitals. */
  word(what: string): string {
    return this.atom(what).toUpperCase();
  }

  /** The text up to `end`, which is stepped over. */
  cut(end: number): string {
    const from = this.at;
    if (this.problem !== null) return "";
    this.at = end;
    return this.text.slice(from, end);
  }

  /** astring = 1*ASTRING-CHAR / string */
  astring(what: string): string {
    const end = endOfAstring(this.text, this.at);
    return end > this.at ? this.cut(end) : this.string(what);
  }

  /** string = quoted / literal, in Unicode. */
  string(what: string): string {
    const code = this.peek();
    if (code === QUOTE) return this.#quoted();
    if (code !== OPEN_BRACE) {
      this.fail(`Missing ${what}`);
      return "";
    }
    const bytes = this.#held();
    if (bytes.includes(0)) this.fail("NUL is not allowed in a literal");
    const text = decodeUtf8(bytes);
    if (text === null) this.fail("A literal is not valid UTF-8");
    return text ?? "";
  }

  /** nstring = string / nil */
  nstring(what: string): string | null {
    return this.takeNil() ? null : this.string(what);
  }

  /** nstring / literal8, as bytes (RFC 5464 §5 value). */
  nstringBytes(what: string): Uint8Array | null {
    if (this.takeNil()) return null;
    const code = this.peek();
    if (code === TILDE || code === OPEN_BRACE) return this.#held();
    return utf8(this.string(what));
  }

  /** nil = "NIL", and no longer atom that begins so. */
  takeNil(): boolean {
    if (endOfAtom(this.text, this.at) !== this.at + 3) return false;
    return this.takeWord("NIL");
  }

  /** quoted = DQUOTE *QUOTED-CHAR DQUOTE */
  #quoted(): string {
    const start = ++this.at;
    const { text } = this;
    let escaped = false;
    let beyond = false;
    let at = start;
    for (;; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const next = text.charCodeAt(++at);
        if (next !== QUOTE && next !== BACKSLASH) return this.#refuse("Only quote and backslash can be escaped");
        escaped = true;
      } else if (code >= 0x80) beyond = true;
      // A CR stands only at the end of a line that announced a literal.
      else if (!(code > 0) || code === 0x0d) return this.#refuse("A quoted string does not end");
    }
    this.at = at + 1;
    let raw = text.slice(start, at);
    if (escaped) raw = raw.replace(/\\(.)/gs, "$1");
    if (!beyond) return raw;
    if (!this.utf8) return this.#refuse("A quoted string holds 8-bit characters; enable UTF8=ACCEPT or use a literal");
    const decoded = decodeUtf8(Uint8Array.from(raw, (character) => character.charCodeAt(0)));
    return decoded ?? this.#refuse("A quoted string is not valid UTF-8");
  }

  #refuse(text: string): string {
    this.fail(text);
    return "";
  }

  /** The bytes of a literal that was held by the framer. */
  #held(): Uint8Array {
    const bytes = this.#literals[this.#literal];
    if (this.#announcement() === null || bytes === null || bytes === undefined) {
      this.fail("A literal cannot stand here");
      return new Uint8Array(0);
    }
    return bytes;
  }

  /** Whether the command breaks off here, behind the announcement of a literal that is still to come. */
  get awaitsLiteral(): boolean {
    return this.ended && this.#literal > this.#literals.length;
  }

  /** A literal whose bytes went elsewhere, or are still to come: the message of APPEND. */
  messageLiteral(): MetLiteral {
    const held = this.#literals[this.#literal];
    const met = this.#announcement();
    if (met === null || held instanceof Uint8Array) this.fail("Missing a literal");
    return met ?? { bytes: 0, binary: false };
  }

  /** `{n}`, `{n+}`, `~{n}` with its CRLF. The framer found it sound. */
  #announcement(): MetLiteral | null {
    const binary = this.take(TILDE);
    if (!this.take(OPEN_BRACE)) return null;
    const end = this.text.indexOf("}\r\n", this.at);
    if (end < 0) return null;
    const bytes = parseInt(this.text.slice(this.at, end), 10);
    this.at = end + 3;
    this.#literal++;
    return { bytes, binary };
  }

  /** number = 1*DIGIT, below 2^32 */
  number(what: string): number {
    const digits = this.#digits(what);
    const value = Number(digits);
    if (digits.length > 15 || value > 0xffff_ffff) this.fail(`${what} is too large`);
    return value;
  }

  /** nz-number = digit-nz *DIGIT */
  nzNumber(what: string): number {
    if (this.peek() === 0x30) this.fail(`${what} must not begin with 0`);
    return this.number(what);
  }

  /** number64 = 1*DIGIT, below 2^63; what is beyond 2^53 - 1 becomes that. */
  number64(what: string): number {
    const digits = this.#digits(what).replace(/^0+(?=.)/, "");
    if (
      digits.length > NUMBER64_DIGITS.length ||
      (digits.length === NUMBER64_DIGITS.length && digits > NUMBER64_DIGITS)
    ) this.fail(`${what} is too large`);
    return Math.min(Number(digits), NUMBER_MAX);
  }

  #digits(what: string): string {
    let end = this.at;
    while (this.text.charCodeAt(end) >= 0x30 && this.text.charCodeAt(end) <= 0x39) end++;
    if (end === this.at) this.fail(`Missing ${what}`);
    return this.cut(end);
  }
}
