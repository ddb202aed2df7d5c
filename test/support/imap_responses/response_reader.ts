import { concat } from "../../../src/base/bytes.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import { readAnnouncement } from "../../../src/protocol/imap/frame/literal.ts";
import { Response } from "./response.ts";

const LF = 0x0a;
const CR = 0x0d;
const EMPTY: Uint8Array = new Uint8Array(0);
/** Longest literal that is believed, in bytes: more than any message of a test. */
const LITERAL_BYTES_MAX = 1_073_741_824;

/**
 * Cuts what a server sends into responses with their literals, at little cost: for tests and load generators, which read from a
 * server they trust. A literal that came in one chunk is a view of it. Throws on a literal beyond all measure.
 */
export class ResponseReader {
  #chunk: Uint8Array = EMPTY;
  #at = 0;
  /** Pieces of a line that has not ended. */
  #pieces: Uint8Array[] = [];
  #line = "";
  #literals: Uint8Array[] = [];
  /** The literal that is coming, and how much of it is there. */
  #literal: Uint8Array | null = null;
  #filled = 0;

  /** The array must not change afterwards. */
  push(chunk: Uint8Array): void {
    this.#chunk = this.#at === this.#chunk.length ? chunk : concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** The next response, or null when more bytes are needed. */
  next(): Response | null {
    for (;;) {
      if (this.#literal !== null && !this.#fill(this.#literal)) return null;
      const line = this.#takeLine();
      if (line === null) return null;
      this.#line += line;
      const announced = readAnnouncement(line);
      if (announced === null || announced.bytes < 0) {
        const response = new Response(this.#line, this.#literals);
        this.#line = "";
        this.#literals = [];
        return response;
      }
      if (announced.bytes > LITERAL_BYTES_MAX) throw new RangeError(`a literal of ${announced.bytes} bytes`);
      this.#line += "\r\n";
      this.#begin(announced.bytes);
    }
  }

  #begin(bytes: number): void {
    const end = this.#at + bytes;
    if (end <= this.#chunk.length) {
      this.#literals.push(this.#chunk.subarray(this.#at, end));
      this.#at = end;
    } else {
      this.#literal = new Uint8Array(bytes);
      this.#filled = 0;
    }
  }

  /** Whether the literal is whole now. */
  #fill(literal: Uint8Array): boolean {
    const piece = this.#chunk.subarray(this.#at, this.#at + literal.length - this.#filled);
    literal.set(piece, this.#filled);
    this.#filled += piece.length;
    this.#at += piece.length;
    if (this.#filled < literal.length) return false;
    this.#literals.push(literal);
    this.#literal = null;
    return true;
  }

  /** The next line without its end, or null. A bare LF ends one, too. */
  #takeLine(): string | null {
    const lf = this.#chunk.indexOf(LF, this.#at);
    if (lf < 0) {
      if (this.#at < this.#chunk.length) this.#pieces.push(this.#chunk.subarray(this.#at));
      this.#at = this.#chunk.length;
      return null;
    }
    let bytes = this.#chunk.subarray(this.#at, lf);
    this.#at = lf + 1;
    if (this.#pieces.length > 0) {
      bytes = concat([...this.#pieces, bytes]);
      this.#pieces = [];
    }
    return latin1(bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes);
  }
}
