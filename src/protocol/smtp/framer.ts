import { decodeUtf8 } from "../../base/bytes.ts";
import { latin1 } from "../../base/latin1.ts";
import type { SmtpLimits } from "./limits.ts";
import { REPLY, type Reply } from "./replies.ts";

/** One command line, or why it is none. Each costs exactly one reply. */
export type Frame =
  | { readonly type: "line"; readonly text: string; readonly ascii: boolean }
  | { readonly type: "bad"; readonly reply: Reply }
  /** No end of line within reach: the stream cannot be followed any further. */
  | { readonly type: "lost" };

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
/** `AUTH ` in the one case of each letter; what a space is without its bit is no other character of a command. */
const AUTH = [0x41, 0x55, 0x54, 0x48, 0x00];
const CASE = 0x20;
const TOO_LONG: Frame = { type: "bad", reply: REPLY.lineTooLong };
const BARE: Frame = { type: "bad", reply: REPLY.lineEnding };
const NUL: Frame = { type: "bad", reply: REPLY.lineNul };
const CONTROL: Frame = { type: "bad", reply: REPLY.lineControl };
const NOT_UTF8: Frame = { type: "bad", reply: REPLY.lineNotUtf8 };
const LOST: Frame = { type: "lost" };
const EMPTY = new Uint8Array(0);

/**
 * Finds command lines. They end in CRLF and nothing else (RFC 5321 §2.3.8): a bare LF gets its error at once and the bytes up to
 * the next CRLF are thrown away, so that what follows a bad line is never read as another command. Memory: one line.
 */
export class LineFramer {
  #partial: Uint8Array = EMPTY;
  #partialLength = 0;
  /** Bytes thrown away of a bad line, or -1 when none is being skipped. */
  #skipped = -1;
  #lastWasCr = false;
  #at = 0;

  constructor(private readonly limits: Pick<SmtpLimits, "lineBytesMax" | "authLineBytesMax" | "lineSkipBytesMax">) {}

  /** Bytes kept of an unfinished line. */
  get bufferedBytes(): number {
    return this.#partialLength;
  }

  /** The position in the input up to which the last `next` read. */
  get at(): number {
    return this.#at;
  }

  /** The next line in the input from `at` on, or null when it was used up without one. Lines of an exchange may be longer. */
  next(input: Uint8Array, at: number, inExchange = false): Frame | null {
    this.#at = at;
    if (this.#skipped >= 0 && !this.#skip(input)) return this.#skipped > this.limits.lineSkipBytesMax ? LOST : null;
    if (this.#at >= input.length) return null;
    const lf = input.indexOf(LF, this.#at);
    let room = this.limits.lineBytesMax - this.#partialLength;
    if ((lf < 0 ? input.length : lf) - this.#at >= room && (inExchange || this.#isAuth(input))) {
      room = this.limits.authLineBytesMax - this.#partialLength;
    }
    if ((lf < 0 ? input.length : lf) - this.#at >= room) {
      this.#at += room;
      return this.#startSkip(TOO_LONG, input[this.#at - 1] === CR);
    }
    if (lf < 0) {
      this.#keep(input.subarray(this.#at));
      this.#at = input.length;
      return null;
    }
    let line = input.subarray(this.#at, lf + 1);
    this.#at = lf + 1;
    if (this.#partialLength > 0) {
      this.#keep(line);
      line = this.#partial.subarray(0, this.#partialLength);
      this.#partial = EMPTY;
      this.#partialLength = 0;
    }
    if (line.length < 2 || line[line.length - 2] !== CR) return this.#startSkip(BARE, false);
    return decodeLine(line);
  }

  /** Whether the line that has come to its usual limit begins with AUTH: an initial response may be as long as any. */
  #isAuth(input: Uint8Array): boolean {
    for (let i = 0; i < AUTH.length; i++) {
      const byte = i < this.#partialLength ? this.#partial[i]! : input[this.#at + i - this.#partialLength];
      if (byte === undefined || (byte & ~CASE) !== AUTH[i]!) return false;
    }
    return true;
  }

  #startSkip(frame: Frame, lastWasCr: boolean): Frame {
    this.#partial = EMPTY;
    this.#partialLength = 0;
    this.#skipped = 0;
    this.#lastWasCr = lastWasCr;
    return frame;
  }

  /** Throws input away up to and with the next CRLF; true when that was found. */
  #skip(input: Uint8Array): boolean {
    for (let from = this.#at; from < input.length;) {
      const lf = input.indexOf(LF, from);
      if (lf < 0) break;
      if (lf === this.#at ? this.#lastWasCr : input[lf - 1] === CR) {
        // The same bytes must be too many however they are cut into chunks.
        if (this.#skipped + lf - this.#at > this.limits.lineSkipBytesMax) break;
        this.#at = lf + 1;
        this.#skipped = -1;
        return true;
      }
      from = lf + 1;
    }
    if (this.#at < input.length) {
      this.#skipped += input.length - this.#at;
      this.#lastWasCr = input[input.length - 1] === CR;
      this.#at = input.length;
    }
    return false;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#partialLength + bytes.length;
    if (needed > this.#partial.length) {
      const grown = new Uint8Array(Math.min(Math.max(128, needed * 2), Math.max(needed, this.limits.authLineBytesMax)));
      grown.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialLength);
    this.#partialLength = needed;
  }
}

/** Judges the bytes of a line that ends in CRLF. */
function decodeLine(line: Uint8Array): Frame {
  let content = line.length - 2;
  // Trailing white space is tolerated (RFC 5321 §4.1.1).
  while (content > 0 && (line[content - 1] === SPACE || line[content - 1] === TAB)) content--;
  const plain = latin1(line.subarray(0, content));
  let ascii = true;
  let control = false;
  for (let i = 0; i < content; i++) {
    const code = plain.charCodeAt(i);
    if (code >= 0x80) ascii = false;
    else if (code < 0x20 || code === 0x7f) {
      if (code === CR) return BARE;
      if (code === 0) return NUL;
      control = true;
    }
  }
  if (control) return CONTROL;
  if (ascii) return { type: "line", text: plain, ascii };
  const text = decodeUtf8(line.subarray(0, content));
  return text === null ? NOT_UTF8 : { type: "line", text, ascii };
}
