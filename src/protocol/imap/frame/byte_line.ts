import { Buffer } from "node:buffer";

const ZERO = 0x30;
const SPACE = 0x20;
/** Rising numbers are repeated by so many at most. */
const UNIT_MAX = 100;
/** Shorter than this, bytes are copied one by one: a call costs more. */
const FEW = 48;
const WORD = 0xffff_ffff;

/** Bytes written one behind the other, up to a fixed size. The writer looks at `room` before it writes. */
export class ByteLine {
  readonly #bytes: Uint8Array;
  #used = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  /** Bytes that were written. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#bytes.length - this.#used;
  }

  byte(value: number): void {
    this.#bytes[this.#used++] = value;
  }

  /** A whole number of 0 or more, in decimal. */
  number(value: number): void {
    if (value > WORD) return this.put(Buffer.from(String(value), "latin1"));
    const bytes = this.#bytes;
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits++;
    let at = this.#used + digits;
    this.#used = at;
    for (let rest = value; digits > 0; digits--) {
      const tenth = Math.floor(rest / 10);
      bytes[--at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
  }

  /** Whole numbers that rise by one, `count` of them, each with a space before it. */
  rising(first: number, count: number): void {
    const end = first + count;
    for (let value = first; value < end;) value += this.#risingFrom(value, end);
  }

  /** One number and those behind it that differ in one digit from it; of whole tens and hundreds as many again. How many there are. */
  #risingFrom(value: number, end: number): number {
    const from = this.#used;
    this.byte(SPACE);
    this.number(value);
    const length = this.#used - from;
    let ends = [this.#used];
    for (let [unit, place] = [1, 0];; unit *= 10) {
      const digit = Math.floor(value / unit) % 10;
      const times = Math.min(9 - digit, Math.floor((end - value) / unit) - 1);
      if (times > 0) this.again(from, times, ends);
      if (times < 9 || unit === UNIT_MAX) return unit * (Math.max(0, times) + 1);
      place++;
      ends = Array.from({ length: 10 * unit }, (_, i) => from + (i + 1) * length - place);
    }
  }

  /**
   * What was written from `from` on, `times` times more: each time the digits that end at `ends` are one higher than the time
   * before. The caller has seen to it that they can be.
   */
  again(from: number, times: number, ends: readonly number[]): void {
    const bytes = this.#bytes;
    const length = this.#used - from;
    const all = times + 1;
    for (let done = 1; done < all; done *= 2) {
      bytes.copyWithin(from + done * length, from, from + Math.min(done, all - done) * length);
    }
    for (const end of ends) {
      for (let time = 1, at = end - 1 + length; time <= times; time++, at += length) bytes[at]! += time;
    }
    this.#used = from + all * length;
  }

  /** Few bytes. */
  put(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length > FEW) return this.copy(bytes, 0, length);
    const line = this.#bytes;
    let at = this.#used;
    for (let i = 0; i < length; i++) line[at++] = bytes[i]!;
    this.#used = at;
  }

  /** Part of many bytes. */
  copy(bytes: Uint8Array, from: number, length: number): void {
    this.#bytes.set(bytes.subarray(from, from + length), this.#used);
    this.#used += length;
  }

  /** What was written; nothing may be written any more. */
  taken(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }
}
