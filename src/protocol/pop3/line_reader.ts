import { concat } from "../../base/bytes.ts";

const CR = 0x0d;
const LF = 0x0a;
const NONE: Uint8Array = new Uint8Array(0);

/** A frame: one line without its CRLF, or the news that no CRLF came within the limit. */
export type Frame = { readonly type: "line"; readonly bytes: Uint8Array } | { readonly type: "tooLong" };

/** Cuts a byte stream into lines. Only CRLF ends one; bare CR and LF stay inside, for the parser to refuse. */
export class LineReader {
  #bytes: Uint8Array = NONE;
  #start = 0;
  /** Where the search for LF goes on, so that a line that trickles in is searched once. */
  #scanned = 0;

  get bufferedBytes(): number {
    return this.#bytes.length - this.#start;
  }

  push(chunk: Uint8Array): void {
    if (this.#start === this.#bytes.length) {
      this.#bytes = chunk;
      this.#scanned = 0;
    } else {
      this.#bytes = concat([this.#bytes.subarray(this.#start), chunk]);
      this.#scanned -= this.#start;
    }
    this.#start = 0;
  }

  /** The next line of at most `limit(start of line)` octets with CRLF, or null when more bytes are needed. */
  next(limit: (pending: Uint8Array) => number): Frame | null {
    if (this.bufferedBytes === 0) return null;
    const pending = this.#bytes.subarray(this.#start);
    const bytesMax = limit(pending);
    const window = Math.min(pending.length, bytesMax);
    for (let from = Math.max(0, this.#scanned - this.#start);;) {
      const at = pending.indexOf(LF, from);
      if (at < 0 || at >= window) break;
      if (at > 0 && pending[at - 1] === CR) {
        this.#start += at + 1;
        this.#scanned = this.#start;
        if (this.bufferedBytes === 0) this.clear();
        return { type: "line", bytes: pending.subarray(0, at - 1) };
      }
      from = at + 1;
    }
    this.#scanned = this.#start + window;
    return pending.length >= bytesMax ? { type: "tooLong" } : null;
  }

  /** Forgets everything that came and was not read. */
  clear(): void {
    this.#bytes = NONE;
    this.#start = 0;
    this.#scanned = 0;
  }
}
