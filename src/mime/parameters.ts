import { Buffer } from "node:buffer";
import { decodeCharset, decodeRaw } from "./charset.ts";
import { decodeWords, hexDigit, unfold } from "./encoded_word.ts";
import { lowerAscii } from "./raw_text.ts";

/** Parameters of one field that are read, pieces of long ones (RFC 2231 §3) counted each. */
export const PARAMETERS_MAX = 100;

/** Characters of a field with parameters that are read. */
export const PARAMETER_FIELD_CHARS_MAX = 16_384;

/**
 * Name in lower case, and value. Pieces are joined; where one of them was encoded the name ends with `*` and the value is
 * `charset'language'` and percent-encoded text (RFC 2231 §4), as BODYSTRUCTURE shows it.
 */
export type Parameter = readonly [name: string, value: string];

/** A word and what is said about it: `attachment; filename=a.txt`. */
export interface Parameterized {
  readonly value: string;
  readonly parameters: readonly Parameter[];
}

/** What Content-Type says, with its parameters in the order they came. */
export interface MediaType {
  /** Lower case. */
  readonly type: string;
  /** Lower case. */
  readonly subtype: string;
  readonly parameters: readonly Parameter[];
}

/**
 * Content-Type (RFC 2045 §5.1) as mail programs write it: what stands behind a malformed parameter up to the next semicolon is passed
 * over. Null when there is no `type/subtype`. {@link parseContentType} is the strict reader. Linear.
 */
export function readMediaType(field: string): MediaType | null {
  const scanner = new ParameterScanner(field);
  const type = scanner.token();
  if (type === "" || !scanner.take(SLASH)) return null;
  const subtype = scanner.token();
  if (subtype === "") return null;
  return { type: lowerAscii(type), subtype: lowerAscii(subtype), parameters: scanner.parameters() };
}

/** Content-Disposition (RFC 2183 §2), its word in lower case; null when there is none. */
export function readDisposition(field: string): Parameterized | null {
  const scanner = new ParameterScanner(field);
  const value = lowerAscii(scanner.token());
  return value === "" ? null : { value, parameters: scanner.parameters() };
}

const ENCODINGS: ReadonlySet<string> = new Set(["7bit", "8bit", "binary", "quoted-printable", "base64"]);

/** The word of Content-Transfer-Encoding (RFC 2045 §6.1) in lower case; 7bit when nothing is said, or nothing that makes sense. */
export function readEncoding(field: string | null): string {
  if (field === null) return "7bit";
  const scanner = new ParameterScanner(field);
  const word = lowerAscii(scanner.token());
  return word !== "" && (ENCODINGS.has(word) || scanner.atEnd()) ? word : "7bit";
}

/** Language tags of Content-Language (RFC 3282 §2), in the order they came. */
export function readLanguages(field: string): string[] {
  const scanner = new ParameterScanner(field);
  const languages: string[] = [];
  while (languages.length < PARAMETERS_MAX) {
    const tag = scanner.token();
    if (tag !== "") languages.push(tag);
    if (!scanner.take(COMMA)) return languages;
  }
  return languages;
}

/** The raw value of a parameter by its name in lower case, or null. */
export function parameterOf(parameters: readonly Parameter[], name: string): string | null {
  for (const [attribute, value] of parameters) if (attribute === name) return value;
  return null;
}

/**
 * The text of a parameter: its RFC 2231 form where there is one, else what stands there, encoded words decoded as many programs
 * need it.
 */
export function decodedParameter(parameters: readonly Parameter[], name: string): string | null {
  const extended = parameterOf(parameters, `${name}*`);
  if (extended !== null) {
    const [charset = "", , ...rest] = extended.split("'", 1_000);
    return rest.length === 0 ? decodeRaw(extended) : decodeCharset(percentDecode(rest.join("'")), charset);
  }
  const plain = parameterOf(parameters, name);
  return plain === null ? null : decodeWords(plain);
}

function percentDecode(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const [high, low] = [hexDigit(text.charCodeAt(at + 1)), hexDigit(text.charCodeAt(at + 2))];
    if (text.charCodeAt(at) === PERCENT && high >= 0 && low >= 0) {
      bytes[length++] = high * 16 + low;
      at += 2;
    } else bytes[length++] = text.charCodeAt(at);
  }
  return bytes.subarray(0, length);
}

/** A piece of a parameter: `name*2*=value` is piece 2 of `name`, encoded (RFC 2231 §3, §4). */
interface Piece {
  readonly index: number;
  readonly encoded: boolean;
  readonly value: string;
}

/** Reads words, blanks and comments before each passed over. */
class ParameterScanner {
  readonly #text: string;
  #at = 0;
  constructor(field: string) {
    this.#text = unfold(field.length > PARAMETER_FIELD_CHARS_MAX ? field.slice(0, PARAMETER_FIELD_CHARS_MAX) : field);
  }

  /** token (RFC 2045 §5.1), bytes above 127 let through; "" when none stands here. */
  token(): string {
    this.#skip();
    const start = this.#at;
    while (this.#at < this.#text.length && isTokenCode(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  take(code: number): boolean {
    this.#skip();
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  atEnd(): boolean {
    this.#skip();
    return this.#at >= this.#text.length;
  }

  /** *(";" parameter), pieces joined. */
  parameters(): Parameter[] {
    const found: Parameter[] = [];
    const pieces = new Map<string, Piece[]>();
    for (let count = 0; count < PARAMETERS_MAX && this.#toSemicolon();) {
      const name = lowerAscii(this.token());
      if (name === "" || !this.take(EQUALS)) continue;
      count++;
      this.#skip();
      const value = this.#text.charCodeAt(this.#at) === QUOTE ? this.#quoted() : this.#bare();
      const piece = pieceOf(name, value);
      if (piece === null) found.push([name, value]);
      else {
        const [base = ""] = name.split("*", 1);
        const known = pieces.get(base);
        if (known) known.push(piece);
        else {
          pieces.set(base, [piece]);
          found.push([base, ""]); // It keeps the place of the first piece.
        }
      }
    }
    return pieces.size === 0 ? found : found.map((entry) => joined(entry, pieces.get(entry[0])));
  }

  /** Passes what was not understood, and the next semicolon. */
  #toSemicolon(): boolean {
    this.#skip();
    if (this.#text.charCodeAt(this.#at) !== SEMICOLON) {
      const next = this.#text.indexOf(";", this.#at);
      if (next < 0) return false;
      this.#at = next;
    }
    this.#at++;
    return true;
  }

  /** A value without quotes, up to the next blank or semicolon: programs leave out the quotes around `a=b`, `a/b` and `a(1)`. */
  #bare(): string {
    const start = this.#at;
    while (this.#at < this.#text.length) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === SEMICOLON || code === SPACE || code === TAB) break;
      this.#at++;
    }
    return this.#text.slice(start, this.#at);
  }

  /** quoted-string (RFC 5322 §3.2.4); one without end takes the rest. */
  #quoted(): string {
    const start = ++this.#at;
    let content: string | null = null;
    let from = start;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) break;
      if (code !== BACKSLASH) continue;
      content = (content ?? "") + this.#text.slice(from, this.#at);
      from = ++this.#at;
    }
    const last = this.#text.slice(from, this.#at);
    this.#at++;
    return content === null ? last : content + last;
  }

  /** Blanks, and comments (RFC 5322 §3.2.2), which nest; one without end takes the rest. */
  #skip(): void {
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === OPEN) depth++;
      else if (depth === 0 && code !== SPACE && code !== TAB && code !== CR) return;
      else if (code === CLOSE) depth--;
      else if (code === BACKSLASH) this.#at++;
    }
  }
}

/** What `name` says about its piece, or null when it is a whole parameter. */
function pieceOf(name: string, value: string): Piece | null {
  const star = name.indexOf("*");
  if (star < 0 || star === name.length - 1) return null;
  const encoded = name.endsWith("*");
  const digits = name.slice(star + 1, encoded ? -1 : undefined);
  if (!/^[0-9]{1,4}$/.test(digits)) return null;
  return { index: Number(digits), encoded, value };
}

/** The pieces 0, 1, 2 … in one; what stands behind a gap is lost (RFC 2231 §3 counts without one). */
function joined(entry: Parameter, pieces: readonly Piece[] | undefined): Parameter {
  if (pieces === undefined || entry[1] !== "") return entry;
  const byIndex = new Map(pieces.map((piece) => [piece.index, piece] as const));
  const run: Piece[] = [];
  for (let index = 0; byIndex.has(index); index++) run.push(byIndex.get(index)!);
  if (!run.some(({ encoded }) => encoded)) return [entry[0], run.map(({ value }) => value).join("")];
  // RFC 2231 §4.1: encoded and plain pieces may stand together; in one value the plain ones must be encoded, too.
  const value = run.map((piece) => piece.encoded ? piece.value : percentEncode(piece.value)).join("");
  return [`${entry[0]}*`, value];
}

function percentEncode(text: string): string {
  return text.replace(
    /[^!#$&+.0-9A-Z^_`a-z{|}~-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Printable and none of the tspecials (RFC 2045 §5.1); bytes above 127 pass. */
function isTokenCode(code: number): boolean {
  return code > SPACE && code !== 0x7f && !TSPECIALS.has(code);
}

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const QUOTE = 0x22;
const PERCENT = 0x25;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const TSPECIALS: ReadonlySet<number> = new Set([...'()<>@,;:\\"/[]?='].map((char) => char.charCodeAt(0)));
