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
/** " ANNOTATION " is the longest. */
const WORD_CHARACTERS_MAX = 12;

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

/** Whether a quoted string is still open there in a line (RFC 9051 §4.3: it cannot hold a CRLF). */
export function endsInQuotes(line: string, to: number): boolean {
  let quoted = false;
  for (let at = 0; at < to; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (quoted && code === BACKSLASH) at++;
  }
  return quoted;
}

const MESSAGE_COMMAND = /^[^ ]+ (?:APPEND|(?:UID )?REPLACE [^ ]+) /i;

/** In what the end of the lines lies that were looked through. */
export interface Arguments {
  /** They are those of APPEND or REPLACE, and the mailbox's name has begun. */
  readonly ofMessages: boolean;
  /** Open parentheses. */
  readonly depth: number;
  /** The outermost are those of ANNOTATION. */
  readonly annotation: boolean;
}

/**
 * Whether the literal announced at `at` of a line is a message of APPEND or REPLACE, to be handed on in pieces: it is not the
 * mailbox's name, not the value of an annotation (RFC 5257 §4.7), and not a URL of CATENATE (RFC 4469). `before` is what this
 * answered for the line before of the same command: each is looked through once.
 */
export function announcesMessage(
  line: string,
  at: number,
  before: Arguments | null,
): { readonly message: boolean; readonly so: Arguments } {
  const head = before === null ? MESSAGE_COMMAND.exec(line)?.[0].length : 0;
  const { ofMessages, depth, annotation } = before ?? { ofMessages: head !== undefined, depth: 0, annotation: false };
  if (!ofMessages || head === undefined || (before === null && at <= head)) {
    return { message: false, so: { ofMessages, depth, annotation } };
  }
  const so = lookedThrough(line, { ofMessages, depth, annotation }, { from: head, to: at });
  const message = !(so.annotation && so.depth > 0) && !/[ (]URL $/i.test(upTo(line, at));
  return { message, so };
}

/** No quoted string is open where a line ends that announces a literal. */
function lookedThrough(
  line: string,
  { ofMessages, depth, annotation }: Arguments,
  { from, to }: { readonly from: number; readonly to: number },
): Arguments {
  let quoted = false;
  for (let at = from; at < to; at++) {
    const code = line.charCodeAt(at);
    if (code === QUOTE) quoted = !quoted;
    else if (quoted && code === BACKSLASH) at++;
    else if (quoted) continue;
    else if (code === OPEN_LIST && depth++ === 0) annotation = / ANNOTATION $/i.test(upTo(line, at));
    else if (code === CLOSE_LIST) depth--;
  }
  return { ofMessages, depth, annotation };
}

/** The characters before a place that a word could stand in. */
function upTo(line: string, at: number): string {
  return line.slice(Math.max(0, at - WORD_CHARACTERS_MAX), at);
}
