import { Failure } from "../base/mod.ts";
import { BATCH_BYTES_MAX, BATCH_ITEMS_MAX, FRAME_DEPTH_MAX } from "./limits.ts";

/** The batch itself and each frame are lists around the message. */
const DEPTH_MAX = FRAME_DEPTH_MAX + 2;

/**
 * Walks msgpack bytes without building anything and without recursion, so that what is decoded afterwards is known to be
 * well-formed, no deeper and no larger than allowed, with text as keys and no extension but `undefined` (type 0).
 * Throws Failure `invalid`.
 */
export function scanBatch(
  bytes: Uint8Array,
  limits: { readonly bytesMax?: number; readonly itemsMax?: number; readonly depthMax?: number } = {},
): void {
  const { bytesMax = BATCH_BYTES_MAX, itemsMax = BATCH_ITEMS_MAX, depthMax = DEPTH_MAX } = limits;
  if (bytes.length > bytesMax) throw refuse("is too large");
  const end = bytes.length;
  const left = new Int32Array(depthMax + 1); // Values still to come at each depth.
  const inMap = new Uint8Array(depthMax + 1);
  let depth = 0;
  let at = 0;
  let items = 0;
  left[0] = 1;
  for (;;) {
    while (left[depth] === 0) {
      if (depth === 0) {
        if (at !== end) throw refuse("has bytes after its end");
        return;
      }
      depth--;
    }
    if (at >= end) throw refuse("is cut short");
    if (++items > itemsMax) throw refuse("holds too many values");
    const lead = bytes[at]!;
    // An even number of values left in a map means that a key comes next.
    if (inMap[depth] === 1 && (left[depth]! & 1) === 0 && !isText(lead)) throw refuse("has a key that is no text");
    left[depth]!--;
    const children = childrenOf(lead, bytes, at);
    if (children < 0) {
      at += sizeOf(lead, bytes, at);
      continue;
    }
    at += lead < 0xa0 ? 1 : lead === 0xdc || lead === 0xde ? 3 : 5;
    if (children > end - at) throw refuse("names more values than it has bytes");
    if (++depth > depthMax) throw refuse("is nested too deeply");
    left[depth] = children;
    inMap[depth] = (lead & 0xf0) === 0x80 || lead === 0xde || lead === 0xdf ? 1 : 0;
  }
}

function isText(lead: number): boolean {
  return (lead & 0xe0) === 0xa0 || (lead >= 0xd9 && lead <= 0xdb);
}

/** How many values a list or map holds (two for each pair), or -1 for anything else. */
function childrenOf(lead: number, bytes: Uint8Array, at: number): number {
  if (lead < 0x80 || lead > 0xdf) return -1;
  if (lead < 0x90) return (lead & 0x0f) * 2;
  if (lead < 0xa0) return lead & 0x0f;
  switch (lead) {
    case 0xdc:
      return unsigned(bytes, at + 1, 2);
    case 0xdd:
      return unsigned(bytes, at + 1, 4);
    case 0xde:
      return unsigned(bytes, at + 1, 2) * 2;
    case 0xdf:
      return unsigned(bytes, at + 1, 4) * 2;
    default:
      return -1;
  }
}

/** Bytes that a value other than a list or map takes. A size past the end shows as "cut short" at the next step. */
function sizeOf(lead: number, bytes: Uint8Array, at: number): number {
  const size = rawSizeOf(lead, bytes, at);
  if (size > bytes.length - at) throw refuse("is cut short");
  return size;
}

function rawSizeOf(lead: number, bytes: Uint8Array, at: number): number {
  if (lead < 0x80 || lead >= 0xe0) return 1; // Small integers.
  if ((lead & 0xe0) === 0xa0) return 1 + (lead & 0x1f); // Short text.
  switch (lead) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return 1;
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return 2;
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return 3;
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return 5;
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return 9;
    case 0xc4: // bytes, 8-bit length
    case 0xd9: // text, 8-bit length
      return 2 + unsigned(bytes, at + 1, 1);
    case 0xc5: // bytes, 16-bit length
    case 0xda: // text, 16-bit length
      return 3 + unsigned(bytes, at + 1, 2);
    case 0xc6: // bytes, 32-bit length
    case 0xdb: // text, 32-bit length
      return 5 + unsigned(bytes, at + 1, 4);
    case 0xd4: // The one extension in use: `undefined`, type 0 with one byte 0.
      if (bytes[at + 1] === 0 && bytes[at + 2] === 0) return 3;
      throw refuse("has an extension type that is not in use");
    default: // 0xc1 and every other extension.
      throw refuse("has an extension type that is not in use");
  }
}

function unsigned(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) throw refuse("is cut short");
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

function refuse(what: string): Failure {
  return new Failure("invalid", `a batch ${what}`);
}
