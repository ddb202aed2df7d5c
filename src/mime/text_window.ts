import { Buffer } from "node:buffer";
import { latin1 } from "../base/mod.ts";

/** Characters before the place of reading that are kept: a line end belongs to what comes behind it. */
const KEPT_BEFORE = 2;

/** What a reader of a message still needs of it, one character for each byte. Places in `text` are behind `base` bytes. */
export class TextWindow {
  text = "";
  base = 0;
  /** Where the reader is in `text`. */
  at = 0;
  /** Nothing comes behind `text`. */
  ended = false;
  #streams = false;

  /** Forgets what was read, and adds what comes next. */
  add(more: string, forgotten: (place: number) => void): void {
    this.#streams = true;
    const from = Math.max(0, this.at - KEPT_BEFORE);
    forgotten(this.base + from);
    this.text = this.text.slice(from) + more;
    this.base += from;
    this.at -= from;
  }
  /** Whether it is known what stands in the next `chars`. */
  shows(at: number, chars: number): boolean {
    return this.ended || this.text.length - at >= chars;
  }
  /** A piece of the text that does not keep the whole window in memory. */
  piece(start: number, end: number): string {
    const piece = this.text.slice(start, end);
    return this.#streams ? latin1(Buffer.from(piece, "latin1")) : piece;
  }
}
