import { assert, decodeUtf8, Failure, utf8 } from "../../base/mod.ts";
import type { Ranges } from "../../mail/ranges.ts";
import { getAscii, getU32, getU48, putAscii, putU32, putU48 } from "./pack.ts";

/** Writes one row of an index: fixed numbers big-endian, others in groups of seven bits, text with its length before it. */
export class RowWriter {
  #bytes = new Uint8Array(256);
  #used = 0;
  /** A view of the row: it holds until the next one is begun here. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }
  /** Begins another row in the same memory. */
  anew(): this {
    this.#used = 0;
    return this;
  }
  u8(value: number): this {
    const at = this.#take(1);
    this.#bytes[at] = value;
    return this;
  }
  u32(value: number): this {
    const at = this.#take(4);
    putU32(this.#bytes, at, value);
    return this;
  }
  u48(value: number): this {
    const at = this.#take(6);
    putU48(this.#bytes, at, value);
    return this;
  }
  /** Up to 2^31 - 1. */
  count(value: number): this {
    for (let rest = value;; rest >>>= 7) {
      if (rest < 0x80) return this.u8(rest);
      this.u8(rest & 0x7f | 0x80);
    }
  }
  /** Rising numbers: how many, the first, then how far it is from each to the next. */
  rising(numbers: readonly number[]): this {
    this.count(numbers.length);
    let last = 0;
    for (let i = 0; i < numbers.length; i++) {
      const step = numbers[i]! - last;
      assert(step > 0, "the numbers rise");
      // Of most the next one is near, and there is room.
      if (step < 0x80 && this.#used < this.#bytes.length) this.#bytes[this.#used++] = step;
      else this.count(step);
      last += step;
    }
    return this;
  }
  /** Ranges: how many, then for each how far it is from the last one, and from its first number to its last. */
  ranges(ranges: Ranges): this {
    this.count(ranges.length / 2);
    let last = 0;
    for (let i = 0; i < ranges.length; i += 2) {
      const [first, end] = [ranges[i]!, ranges[i + 1]!];
      assert(first > last && end >= first, "the ranges rise");
      this.count(first - last).count(end - first);
      last = end;
    }
    return this;
  }
  text(text: string): this {
    if (!isAscii(text)) return this.block(utf8(text));
    this.count(text.length);
    const at = this.#take(text.length);
    putAscii(this.#bytes, at, text);
    return this;
  }
  /** Text, or null. */
  maybe(text: string | null): this {
    return text === null ? this.u8(0) : this.u8(1).text(text);
  }
  /** Bytes with their length before them. */
  block(bytes: Uint8Array): this {
    this.count(bytes.length);
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  /** Room for so many bytes, possibly in a new array. */
  #take(count: number): number {
    const at = this.#used;
    this.#used += count;
    if (this.#used > this.#bytes.length) {
      const more = new Uint8Array(2 * this.#used);
      more.set(this.#bytes.subarray(0, at));
      this.#bytes = more;
    }
    return at;
  }
}

/** Reads what `RowWriter` wrote. Throws Failure `corrupt` when the row ends early or is not well-formed. */
export class RowReader {
  #at = 0;
  constructor(private readonly row: Uint8Array, private readonly what: string) {}
  u8(): number {
    return this.row[this.#take(1)]!;
  }
  u32(): number {
    return getU32(this.row, this.#take(4));
  }
  u48(): number {
    return getU48(this.row, this.#take(6));
  }
  count(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw this.damaged();
  }
  text(): string {
    const length = this.count();
    const at = this.#take(length);
    for (let i = at; i < at + length; i++) {
      if (this.row[i]! < 0x80) continue;
      const text = decodeUtf8(this.row.subarray(at, at + length));
      if (text === null) throw this.damaged();
      return text;
    }
    return getAscii(this.row, at, at + length);
  }
  /** A view of bytes that were written with `block`. */
  block(): Uint8Array {
    const length = this.count();
    const at = this.#take(length);
    return this.row.subarray(at, at + length);
  }
  maybe(): string | null {
    return this.u8() === 0 ? null : this.text();
  }
  /** Throws unless all of the row was read. */
  end(): void {
    if (this.#at !== this.row.length) throw this.damaged();
  }
  damaged(): Failure {
    return new Failure("corrupt", `a row of the index (${this.what}) is damaged`);
  }
  #take(count: number): number {
    const at = this.#at;
    if (count > this.row.length - at) throw this.damaged();
    this.#at += count;
    return at;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}
