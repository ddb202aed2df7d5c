import { Buffer } from "node:buffer";
import { Failure } from "../base/mod.ts";
import { BATCH_BYTES_MAX, BATCH_ITEMS_MAX, FRAME_DEPTH_MAX } from "./limits.ts";

/** The batch itself and each frame are lists around the message. */
const DEPTH_MAX = FRAME_DEPTH_MAX + 2;

/** Texts of at most so many bytes are looked for among those read before; longer ones are made natively. */
const COMMON_BYTES_MAX = 16;
/** Places for texts that come again and again. */
const COMMON_TEXTS = 2_048;

/** What a batch may hold. */
export interface ReadLimits {
  readonly bytesMax?: number;
  readonly itemsMax?: number;
  readonly depthMax?: number;
}

/**
 * Reads msgpack bytes, as `encodeBatch` writes them, in one go: no deeper and no larger than allowed, with text as keys and no
 * extension but `undefined` (type 0). Bytes are views. Nothing is made for a length before its bytes are known to be there.
 * Throws Failure `invalid`.
 */
export function readBatch(bytes: Uint8Array, limits: ReadLimits = {}): unknown {
  const { bytesMax = BATCH_BYTES_MAX, itemsMax = BATCH_ITEMS_MAX, depthMax = DEPTH_MAX } = limits;
  if (bytes.length > bytesMax) throw refuse("is too large");
  return new BatchReader(bytes, { itemsMax, depthMax }).read();
}

/** Short texts by their bytes: the names of fields, and words that messages are made of. What hashes alike replaces itself. */
class CommonTexts {
  readonly #texts = new Array<string>(COMMON_TEXTS).fill("");

  /** The text of ASCII bytes; null when they are none. */
  find(bytes: Uint8Array, from: number, length: number): string | null {
    let hash = length;
    let all = 0;
    for (let i = from, end = from + length; i < end; i++) {
      const byte = bytes[i]!;
      all |= byte;
      hash = Math.imul(hash, 31) + byte | 0;
    }
    if (all >= 0x80) return null;
    const place = (hash ^ hash >>> 11) & (COMMON_TEXTS - 1);
    const known = this.#texts[place]!;
    if (known.length === length && isSame(known, bytes, from)) return known;
    let text = "";
    for (let i = from, end = from + length; i < end; i++) text += String.fromCharCode(bytes[i]!);
    return this.#texts[place] = text;
  }
}

function isSame(text: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}

const common = new CommonTexts();

class BatchReader {
  #at = 0;
  #items = 0;
  readonly #view: DataView;
  #buffer: Buffer | null = null;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly limits: { readonly itemsMax: number; readonly depthMax: number },
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  read(): unknown {
    const value = this.#value(0);
    if (this.#at !== this.bytes.length) throw refuse("has bytes after its end");
    return value;
  }

  #value(depth: number): unknown {
    const at = this.#take(1);
    if (++this.#items > this.limits.itemsMax) throw refuse("holds too many values");
    const lead = this.bytes[at]!;
    if (lead < 0x80) return lead;
    if (lead < 0x90) return this.#map(lead & 0x0f, depth);
    if (lead < 0xa0) return this.#list(lead & 0x0f, depth);
    if (lead < 0xc0) return this.#text(lead & 0x1f);
    if (lead >= 0xe0) return lead - 0x100;
    switch (lead) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#bytes(this.#count(lead - 0xc4));
      case 0xd4: // The one extension in use: `undefined`, type 0 with one byte 0.
        if (this.#view.getUint16(this.#take(2)) !== 0) throw refuse("has an extension type that is not in use");
        return undefined;
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#count(lead - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#count(lead - 0xdb), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#count(lead - 0xdd), depth);
      default:
        return this.#number(lead);
    }
  }

  #number(lead: number): number | bigint {
    const view = this.#view;
    switch (lead) {
      case 0xca:
        return view.getFloat32(this.#take(4));
      case 0xcb:
        return view.getFloat64(this.#take(8));
      case 0xcc:
        return view.getUint8(this.#take(1));
      case 0xcd:
        return view.getUint16(this.#take(2));
      case 0xce:
        return view.getUint32(this.#take(4));
      case 0xcf:
        return view.getBigUint64(this.#take(8));
      case 0xd0:
        return view.getInt8(this.#take(1));
      case 0xd1:
        return view.getInt16(this.#take(2));
      case 0xd2:
        return view.getInt32(this.#take(4));
      case 0xd3:
        return view.getBigInt64(this.#take(8));
      default: // 0xc1 and every other extension.
        throw refuse("has an extension type that is not in use");
    }
  }

  /** A length of 1, 2 or 4 bytes. */
  #count(power: number): number {
    if (power === 0) return this.bytes[this.#take(1)]!;
    return power === 1 ? this.#view.getUint16(this.#take(2)) : this.#view.getUint32(this.#take(4));
  }

  #bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    const at = this.#take(length);
    const { bytes } = this;
    if (length <= COMMON_BYTES_MAX) {
      const text = common.find(bytes, at, length);
      if (text !== null) return text;
    }
    const end = at + length;
    this.#buffer ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.#buffer.toString(isAscii(bytes, at, end) ? "latin1" : "utf8", at, end);
  }

  #list(length: number, depth: number): unknown[] {
    this.#enter(length, depth);
    const list: unknown[] = [];
    for (let i = 0; i < length; i++) list.push(this.#value(depth + 1));
    return list;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#enter(2 * length, depth);
    const map: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const lead = this.bytes[this.#at];
      if (lead === undefined) throw refuse("is cut short");
      if (!((lead & 0xe0) === 0xa0 || (lead >= 0xd9 && lead <= 0xdb))) throw refuse("has a key that is no text");
      const key = this.#value(depth + 1) as string;
      // That name would reach the prototype.
      map[key === "__proto__" ? "__proto_" : key] = this.#value(depth + 1);
    }
    return map;
  }

  #enter(children: number, depth: number): void {
    if (children > this.bytes.length - this.#at) throw refuse("names more values than it has bytes");
    if (depth >= this.limits.depthMax) throw refuse("is nested too deeply");
  }

  /** Where the next so many bytes begin. */
  #take(count: number): number {
    const at = this.#at;
    if (count > this.bytes.length - at) throw refuse("is cut short");
    this.#at = at + count;
    return at;
  }
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

function refuse(what: string): Failure {
  return new Failure("invalid", `a batch ${what}`);
}
