import { concat, decodeUtf8 } from "../base/mod.ts";

/** Longest line of the control socket, its LF included, in bytes. */
export const LINE_BYTES_MAX = 1_048_576;

/** A line without its LF, or why there is none. After `tooLong` the stream cannot be read on. */
export type Framed = { readonly type: "line"; readonly text: string } | { readonly type: "notUtf8" | "tooLong" };

const LF = 0x0a;

/** Cuts a stream into lines, holding no more than one line's limit. */
export class LineFramer {
  #held: Uint8Array[] = [];
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
    if (bytes.length === 0) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    // A client that sends a byte at a time would otherwise cost an array for each.
    if (this.#held.length > 64) this.#held = [concat(this.#held)];
  }
  #take(): Framed {
    const text = decodeUtf8(concat(this.#held));
    this.#held = [];
    this.#heldBytes = 0;
    return text === null ? { type: "notUtf8" } : { type: "line", text };
  }
  #tooLong(): Framed {
    this.#over = true;
    this.#held = [];
    this.#heldBytes = 0;
    return { type: "tooLong" };
  }
}
