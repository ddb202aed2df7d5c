import { Buffer } from "node:buffer";

/** Bytes that grow as they are written. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  /** `bytes` is what is expected; more fit in. */
  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** A number from 0 to 2^53 - 1, seven bits a byte, the low ones first. */
  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** A text of one character for each byte. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#buffer.write(text, this.#length, "latin1");
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What was written, not copied: good until more is written. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** What was written, in memory of its own. */
  done(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

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
    for (let factor = 1; factor <= 0x80 ** 7; factor *= 0x80) {
      const byte = this.byte();
      if (byte === null) return null;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value <= Number.MAX_SAFE_INTEGER ? value : this.#broken();
    }
    return this.#broken();
  }

  double(): number | null {
    const bytes = this.bytes(8);
    return bytes === null ? null : new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
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
