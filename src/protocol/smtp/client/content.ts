import { Buffer, isAscii } from "node:buffer";
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
  /** One of its lines may begin with a dot. */
  readonly dots: boolean;
  /** Its last line has its CRLF, or there is none. */
  readonly endsLine: boolean;
}

/** Inside a text: what stands at either end depends on what stands beyond. */
const BARE_NEWLINE = /(?<!\r|^)\n|\r(?!\n|$)/;

/** Looks the whole content over: bytes alone decide what is declared and whether it may go out, not what a sender said. */
export function examine(parts: readonly Uint8Array[]): ContentFacts {
  let bytes = 0;
  let eightBit = false;
  let bareNewline = false;
  let dots = false;
  let afterCr = false;
  let endsLine = true;
  for (const piece of pieces(parts)) {
    const text = latin1(piece);
    bytes += text.length;
    eightBit ||= !isAscii(piece);
    bareNewline ||= BARE_NEWLINE.test(text) || (text[0] === "\n") !== afterCr;
    // At the beginning of a piece the line may have begun before.
    dots ||= text[0] === "." || text.startsWith("\n.") || text.includes("\r\n.");
    endsLine = text.endsWith("\r\n") || (afterCr && text === "\n");
    afterCr = text.endsWith("\r");
  }
  return { bytes, eightBit, bareNewline: bareNewline || afterCr, dots, endsLine };
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

  constructor(parts: readonly Uint8Array[], private readonly facts: Pick<ContentFacts, "dots" | "endsLine">) {
    this.#pieces = pieces(parts);
  }

  next(): Uint8Array | string | null {
    if (this.#ended) return null;
    const { done, value } = this.#pieces.next();
    if (!done) return this.facts.dots ? this.#stuffed(value) : value;
    this.#ended = true;
    return this.facts.endsLine ? ".\r\n" : "\r\n.\r\n";
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
    if (part.length > 0 && part.length <= PIECE_BYTES_MAX) {
      yield part;
      continue;
    }
    for (let at = 0; at < part.length; at += PIECE_BYTES_MAX) yield part.subarray(at, at + PIECE_BYTES_MAX);
  }
}
