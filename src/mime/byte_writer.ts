import { Buffer } from "node:buffer";
import { utf8 } from "../base/mod.ts";
import { isAscii } from "./charset.ts";
import { toUtf8Chars } from "./utf8_text.ts";

/**
 * Bytes that grow as they are written, kept as text of one character each until they are done: joining texts costs next to
 * nothing, where each array of bytes costs microseconds.
 */
export class ByteWriter {
  #text = "";

  /** What was written, one character for each byte. */
  get text(): string {
    return this.#text;
  }

  byte(value: number): void {
    this.#text += String.fromCharCode(value);
  }

  /** A number from 0 to 2^53 - 1, six bits a byte, the low ones first: bytes that are ASCII are the fastest to write. */
  varint(value: number): void {
    let rest = value;
    for (; rest >= MORE; rest = Math.floor(rest / MORE)) this.byte((rest % MORE) | MORE);
    this.byte(rest);
  }

  /** A text of one character for each byte. */
  latin1(text: string): void {
    this.#text += text;
  }

  utf8(text: string): void {
    this.#text += isAscii(text) ? text : toUtf8Chars(text);
  }

  /** The bytes; they may share their memory with others, which whoever transfers it must know. */
  done(): Uint8Array {
    return isAscii(this.#text) ? utf8(this.#text) : Buffer.from(this.#text, "latin1");
  }
}

/** Says of a byte of a number that another follows. */
const MORE = 0x40;

/** Reads what {@link ByteWriter} wrote. What is not there reads as null, and from then on everything does. */
export class ByteReader {
  #at = 0;
  constructor(private readonly source: Uint8Array) {}

  get left(): number {
    return this.source.length - this.#at;
  }

  byte(): number | null {
    return this.#at < this.source.length ? this.source[this.#at++]! : this.#broken();
  }

  varint(): number | null {
    let value = 0;
    for (let factor = 1; factor < MORE ** 9; factor *= MORE) {
      const byte = this.byte();
      if (byte === null) return null;
      value += (byte & (MORE - 1)) * factor;
      if (byte < MORE) return value <= Number.MAX_SAFE_INTEGER ? value : this.#broken();
    }
    return this.#broken();
  }

  /** The next bytes, not copied. */
  bytes(length: number): Uint8Array | null {
    if (length > this.left) return this.#broken();
    const start = this.#at;
    this.#at += length;
    return this.source.subarray(start, this.#at);
  }

  #broken(): null {
    this.#at = this.source.length;
    return null;
  }
}
