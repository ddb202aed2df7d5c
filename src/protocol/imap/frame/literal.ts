/** The announcement of a literal at the end of a line: `{n}`, `{n+}` (RFC 7888), `~{n}` (RFC 3516). */
export interface Announcement {
  /** Where it begins in the text. */
  readonly at: number;
  /** Infinity for a number that no literal can have; -1 when what stands in the braces is no number. */
  readonly bytes: number;
  readonly synchronizing: boolean;
  readonly binary: boolean;
}

/** Characters of the longest announcement: `~{`, a number of 63 bits, `+}`. */
export const ANNOUNCEMENT_CHARACTERS_MAX = 23;

const CLOSE = 0x7d;
const OPEN = 0x7b;
const PLUS = 0x2b;
const TILDE = 0x7e;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x28;
const CLOSE_LIST = 0x29;
const ZERO = 0x30;
const NINE = 0x39;

/** literal = "{" number64 ["+"] "}" CRLF *CHAR8: the announcement that the line ends with, or null. */
export function readAnnouncement(line: string): Announcement | null {
  let at = line.length - 1;
  if (at < 1 || line.charCodeAt(at) !== CLOSE) return null;
  const synchronizing = line.charCodeAt(at - 1) !== PLUS;
  const end = synchronizing ? at : at - 1;
  for (at = end; at > 0 && isDigit(line.charCodeAt(at - 1)); at--);
  // What follows "{" in a line without a quote is meant as a literal; a brace within an atom is not.
  if (line.charCodeAt(at - 1) !== OPEN) return brokenAnnouncement(line, end);
  const binary = line.charCodeAt(at - 2) === TILDE;
  const start = binary ? at - 2 : at - 1;
  return { at: start, bytes: sizeOf(line.slice(at, end)), synchronizing, binary };
}

function sizeOf(digits: string): number {
  if (digits === "") return -1;
  // More digits than 2^53 has are more bytes than any limit; leading zeros are no reason to read on.
  return digits.length > 15 ? Infinity : Number(digits);
}

/** `{ 5}`, `{-1}`, `{5-}`: a literal was meant, and nobody knows how long it is; without the wait for "+" the stream is lost. */
function brokenAnnouncement(line: string, end: number): Announcement | null {
  const open = line.lastIndexOf("{", end);
  if (open < 0 || end - open > ANNOUNCEMENT_CHARACTERS_MAX || line.indexOf('"', open) >= 0) return null;
  return { at: open, bytes: -1, synchronizing: end === line.length - 1, binary: false };
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Whether a quoted string is still open at the end of this piece of a line (RFC 9051 §4.3: it cannot hold a CRLF). */
export function endsInQuotes(text: string, from: number, to: number): boolean {
  let quoted = false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) quoted = !quoted;
    else if (quoted && code === 0x5c) at++;
  }
  return quoted;
}

const MESSAGE_COMMAND = /^[^ ]+ (?:APPEND|(?:UID )?REPLACE [^ ]+) /i;

/** How far the arguments of APPEND or REPLACE were looked through, and in what that place lies. */
export interface Parentheses {
  readonly at: number;
  readonly depth: number;
  /** The outermost are those of ANNOTATION. */
  readonly annotation: boolean;
  readonly quoted: boolean;
}

/**
 * Whether the literal announced at `at` of a command is a message of APPEND or REPLACE, to be handed on in pieces: it is not the
 * mailbox's name, not the value of an annotation (RFC 5257 §4.7), and not a URL of CATENATE (RFC 4469). `before` is what this
 * answered for the literal before in the same command: many messages are looked through once.
 */
export function announcesMessage(
  text: string,
  at: number,
  before: Parentheses | null,
): { readonly message: boolean; readonly parentheses: Parentheses | null } {
  const head = before === null ? MESSAGE_COMMAND.exec(text)?.[0].length : 0;
  if (head === undefined || at <= head) return { message: false, parentheses: null };
  const parentheses = lookedThrough(text, before ?? { at: head, depth: 0, annotation: false, quoted: false }, at);
  const message = !(parentheses.annotation && parentheses.depth > 0) && !/[ (]URL $/i.test(text.slice(at - 5, at));
  return { message, parentheses };
}

function lookedThrough(text: string, before: Parentheses, to: number): Parentheses {
  let { at, depth, annotation, quoted } = before;
  for (; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (quoted && code === BACKSLASH) at++;
    else if (quoted) continue;
    else if (code === OPEN_LIST && depth++ === 0) annotation = text.slice(at - 12, at).toUpperCase() === " ANNOTATION ";
    else if (code === CLOSE_LIST) depth--;
  }
  return { at, depth, annotation, quoted };
}
