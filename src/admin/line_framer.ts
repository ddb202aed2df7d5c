import { decodeUtf8 } from "../base/mod.ts";

/** Longest line of the control socket, its LF included, in bytes. */
export const LINE_BYTES_MAX = 1_048_576;

/** A line without its LF, or why there is none. After `tooLong` the stream cannot be read on. */
export type Framed = { readonly type: "line"; readonly text: string } | { readonly type: "notUtf8" | "tooLong" };

const LF = 0x0a;

/** Room that a connection keeps between lines, in bytes. */
const KEPT_BYTES_MAX = 16_384;

/** Cuts a stream into lines, holding no more than one line's limit. */
export class LineFramer {
  /** Grows by doubling, so that a client that sends byte by byte costs no more than one that does not. */
  #held: Uint8Array = new Uint8Array(1_024);
  #heldBytes = 0;
  #over = false;
  constructor(private readonly lineBytesMax: number = LINE_BYTES_MAX) {}

  push(chunk: Uint8Array): Framed[] {
    const framed: Framed[] = [];
    let from = 0;
    while (!this.#over) {
      const lf = chunk.indexOf(LF, from);
      const end = lf < 0 ? chunk.length : lf;
      if (this.#heldBytes + end - from + 1 > this.lineBytesMax) return [...framed, this.#tooLong()];
      this.#hold(chunk.subarray(from, end));
      if (lf < 0) break;
      framed.push(this.#take());
      from = lf + 1;
    }
    return framed;
  }
  /** What came after the last LF: a client that closes need not end its last line. */
  end(): Framed | null {
    return this.#heldBytes === 0 || this.#over ? null : this.#take();
  }
  #hold(bytes: Uint8Array): void {
    const wanted = this.#heldBytes + bytes.length;
    if (wanted > this.#held.length) {
      const larger = new Uint8Array(Math.min(this.lineBytesMax, Math.max(wanted, 2 * this.#held.length)));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = wanted;
  }
  #take(): Framed {
    const text = decodeUtf8(this.#held.subarray(0, this.#heldBytes));
    this.#release();
    return text === null ? { type: "notUtf8" } : { type: "line", text };
  }
  #tooLong(): Framed {
    this.#over = true;
    this.#release();
    return { type: "tooLong" };
  }
  /** A long line's room is given back; a usual one's is kept for the next. */
  #release(): void {
    this.#heldBytes = 0;
    if (this.#held.length > KEPT_BYTES_MAX) this.#held = new Uint8Array(1_024);
  }
}
