import { Buffer } from "node:buffer";
import { Bug, Failure } from "../base/mod.ts";
import { FRAME_BYTES_MAX, FRAME_DEPTH_MAX, FRAME_ITEMS_MAX } from "./limits.ts";

/** Room of a writer at first, and the most that it keeps when it is emptied, in bytes. */
const ROOM_BYTES = 16 * 1024;
const KEPT_BYTES_MAX = 256 * 1024;
/** From this size on the bytes are given away with their buffer; fewer are copied out of it. */
const LARGE_BYTES = 1024 * 1024;
/** Texts of so many UTF-16 units are written natively: for shorter ones the call costs more. */
const NATIVE_CHARS_MIN = 48;

const encoder = new TextEncoder();

/**
 * Writes values as msgpack, one behind the other. Throws Bug for what the wire cannot carry (functions, class instances, cycles)
 * and Failure `invalid` for what is too large; nothing of such a value stays.
 */
export class WireWriter {
  #bytes = new Uint8Array(Buffer.allocUnsafeSlow(ROOM_BYTES).buffer);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** Where the value began that is written, and what it holds so far. */
  #from = 0;
  #items = 0;

  /** Bytes written. */
  get length(): number {
    return this.#at;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#at = 0;
  }

  /** Writes a value. */
  value(value: unknown): void {
    this.#from = this.#at;
    this.#items = 0;
    try {
      // A frame is a list around its message.
      this.#value(value, 0);
    } catch (error) {
      this.#at = this.#from;
      throw error;
    }
  }

  /** Writes a list's beginning whose length `setList` sets later; answers its place. */
  openList(): number {
    const at = this.#room(5);
    this.#bytes[at] = 0xdd;
    return at;
  }

  setList(place: number, length: number): void {
    this.#view.setUint32(place + 1, length);
  }

  /** Writes a number that `setNumber` sets later; answers its place. */
  openNumber(): number {
    const at = this.#room(9);
    this.#bytes[at] = 0xcb;
    return at;
  }

  setNumber(place: number, value: number): void {
    this.#view.setFloat64(place + 1, value);
  }

  /** All that was written, as one exact buffer; the writer is empty then. */
  take(): ArrayBuffer {
    const length = this.#at;
    this.#at = 0;
    if (length >= LARGE_BYTES) {
      const taken = this.#bytes.buffer.transfer(length);
      this.#renew(ROOM_BYTES);
      return taken;
    }
    const exact = new Uint8Array(length);
    exact.set(this.#bytes.subarray(0, length));
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#renew(ROOM_BYTES);
    return exact.buffer;
  }

  #renew(bytes: number): void {
    // The memory is not cleared: only what is written leaves it.
    this.#bytes = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Where so many bytes are free. */
  #room(count: number): number {
    const at = this.#at;
    const end = at + count;
    if (end - this.#from > FRAME_BYTES_MAX) throw new Failure("invalid", "a message is too large");
    if (end > this.#bytes.length) {
      const old = this.#bytes.subarray(0, at);
      this.#renew(Math.max(2 * this.#bytes.length, end));
      this.#bytes.set(old);
    }
    this.#at = end;
    return at;
  }

  #value(value: unknown, depth: number): void {
    if (++this.#items > FRAME_ITEMS_MAX) throw new Failure("invalid", "a message holds too many values");
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#u8(value ? 0xc3 : 0xc2);
      case "undefined": {
        const at = this.#room(3);
        this.#bytes[at] = 0xd4;
        this.#bytes[at + 1] = this.#bytes[at + 2] = 0;
        return;
      }
      case "bigint":
        return this.#bigint(value);
      case "object":
        if (value === null) return this.#u8(0xc0);
        return this.#object(value, depth);
      default:
        throw new Bug(`a message holds a ${typeof value}`);
    }
  }

  #u8(byte: number): void {
    // The room comes first: for it the bytes may move.
    const at = this.#room(1);
    this.#bytes[at] = byte;
  }

  #number(value: number): void {
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < 0x80) return this.#u8(value);
      return this.#sized(value, 0xcc);
    }
    const at = this.#room(9);
    if (value >> 0 === value && value < 0) {
      this.#bytes[at] = 0xd2;
      this.#view.setInt32(at + 1, value);
      this.#at = at + 5;
      return;
    }
    this.#bytes[at] = 0xcb;
    this.#view.setFloat64(at + 1, value);
  }

  #bigint(value: bigint): void {
    const signed = BigInt.asIntN(64, value) === value;
    if (!signed && BigInt.asUintN(64, value) !== value) {
      throw new Bug("a message holds an integer of more than 64 bits");
    }
    const at = this.#room(9);
    this.#bytes[at] = signed ? 0xd3 : 0xcf;
    this.#view.setBigUint64(at + 1, BigInt.asUintN(64, value));
  }

  /** A number of 8, 16 or 32 bits behind the lead that says which; `lead` is that of the shortest. */
  #sized(value: number, lead: number): void {
    if (value < 0x100) {
      const at = this.#room(2);
      this.#bytes[at] = lead;
      this.#bytes[at + 1] = value;
    } else if (value < 0x10000) {
      const at = this.#room(3);
      this.#bytes[at] = lead + 1;
      this.#view.setUint16(at + 1, value);
    } else {
      const at = this.#room(5);
      this.#bytes[at] = lead + 2;
      this.#view.setUint32(at + 1, value);
    }
  }

  #text(text: string): void {
    const { length } = text;
    if (length >= NATIVE_CHARS_MIN) return this.#longText(text);
    const before = this.#at;
    if (length < 32) this.#u8(0xa0 | length);
    else this.#sized(length, 0xd9);
    const at = this.#room(length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.#at = before;
        return this.#longText(text);
      }
      bytes[at + i] = code;
    }
  }

  /** Its length is known when it is written: the lead is that of the longest that it can be. */
  #longText(text: string): void {
    const bytesMax = 3 * text.length;
    const leadBytes = bytesMax < 0x100 ? 2 : bytesMax < 0x10000 ? 3 : 5;
    const at = this.#room(leadBytes + bytesMax);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at + leadBytes));
    this.#bytes[at] = leadBytes === 2 ? 0xd9 : leadBytes === 3 ? 0xda : 0xdb;
    if (leadBytes === 2) this.#bytes[at + 1] = written;
    else if (leadBytes === 3) this.#view.setUint16(at + 1, written);
    else this.#view.setUint32(at + 1, written);
    this.#at = at + leadBytes + written;
  }

  #object(value: object, depth: number): void {
    if (value instanceof Uint8Array) {
      this.#sized(value.length, 0xc4);
      const at = this.#room(value.length);
      return this.#bytes.set(value, at);
    }
    if (depth > FRAME_DEPTH_MAX) throw new Bug("a message is nested too deeply");
    if (Array.isArray(value)) {
      this.#begin(value.length, 0x90, 0xdc);
      for (let i = 0; i < value.length; i++) this.#value(value[i], depth + 1);
      return;
    }
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new Bug(`a message holds an instance of ${value.constructor?.name ?? "a class"}`);
    }
    if ("toJSON" in value) throw new Bug("a message holds a member named toJSON");
    const keys = Object.keys(value);
    this.#items += keys.length;
    this.#begin(keys.length, 0x80, 0xde);
    for (const key of keys) {
      this.#text(key);
      this.#value((value as Record<string, unknown>)[key], depth + 1);
    }
  }

  #begin(length: number, few: number, lead: number): void {
    if (length < 16) return this.#u8(few | length);
    const at = this.#room(5);
    if (length < 0x10000) {
      this.#bytes[at] = lead;
      this.#view.setUint16(at + 1, length);
      this.#at = at + 3;
    } else {
      this.#bytes[at] = lead + 1;
      this.#view.setUint32(at + 1, length);
    }
  }
}
