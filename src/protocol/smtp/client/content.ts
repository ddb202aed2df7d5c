import { Buffer } from "node:buffer";
import { latin1 } from "../../../base/latin1.ts";

/** Most bytes handed out at a time. */
const PIECE_BYTES_MAX = 65_536;

/** What must be known of a mail's content before it is offered. */
export interface ContentFacts {
  readonly bytes: number;
  /** It holds octets above 127. */
  readonly eightBit: boolean;
  /** It holds a CR or LF that is no part of CRLF. */
  readonly bareNewline: boolean;
}

const EIGHT_BIT = /[\x80-\xff]/;
const BARE_NEWLINE = /[^\r]\n|\r[^\n]/;

/** Looks the whole content over: bytes alone decide what is declared and whether it may go out, not what a sender said. */
export function examine(parts: readonly Uint8Array[]): ContentFacts {
  let bytes = 0;
  let eightBit = false;
  let bareNewline = false;
  let afterCr = false;
  for (const piece of pieces(parts)) {
    const text = latin1(piece);
    bytes += text.length;
    eightBit ||= EIGHT_BIT.test(text);
    bareNewline ||= BARE_NEWLINE.test(text) || (text[0] === "\n") !== afterCr;
    afterCr = text.endsWith("\r");
  }
  return { bytes, eightBit, bareNewline: bareNewline || afterCr };
}

/** Content on its way out, piece by piece. */
export interface OutgoingContent {
  /** The next piece, or null when all of it, its end included, was given. */
  next(): Uint8Array | string | null;
}

/** Content for DATA: each dot that begins a line is doubled and a line of one dot ends it (RFC 5321 §4.5.2). */
export class StuffedContent implements OutgoingContent {
  readonly #pieces: Iterator<Uint8Array>;
  #lineStart = true;
  #afterCr = false;
  #ended = false;

  constructor(parts: readonly Uint8Array[]) {
    this.#pieces = pieces(parts);
  }

  next(): Uint8Array | string | null {
    if (this.#ended) return null;
    const { done, value } = this.#pieces.next();
    if (!done) return this.#stuffed(value);
    this.#ended = true;
    return this.#lineStart ? ".\r\n" : "\r\n.\r\n";
  }

  #stuffed(piece: Uint8Array): Uint8Array {
    const text = latin1(piece);
    // Native search over the text is many times faster than one over the bytes.
    let out = text.includes("\r\n.") ? text.replaceAll("\r\n.", "\r\n..") : text;
    if (this.#lineStart && text[0] === ".") out = `.${out}`;
    else if (this.#afterCr && text.startsWith("\n.")) out = `\n.${out.slice(1)}`;
    this.#lineStart = text.endsWith("\r\n") || (this.#afterCr && text === "\n");
    this.#afterCr = text.endsWith("\r");
    return out.length === text.length ? piece : Buffer.from(out, "latin1");
  }
}

/** Content for BDAT: as it is (RFC 3030 §2). */
export class PlainContent implements OutgoingContent {
  readonly #pieces: Iterator<Uint8Array>;

  constructor(parts: readonly Uint8Array[]) {
    this.#pieces = pieces(parts);
  }

  next(): Uint8Array | null {
    const { done, value } = this.#pieces.next();
    return done ? null : value;
  }
}

function* pieces(parts: readonly Uint8Array[]): Generator<Uint8Array, undefined> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE_BYTES_MAX) yield part.subarray(at, at + PIECE_BYTES_MAX);
  }
}
