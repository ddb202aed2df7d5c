import { latin1Bytes } from "../base/mod.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const NO_BREAK_SPACE = 0xa0;
/** Longest name of a field with its colon, in bytes: a line has no more (RFC 5322 §2.1.1). */
const NAME_BYTES_MAX = 999;

/** Each byte as a small letter, where it is one in Latin-1. */
const SMALL = Uint8Array.from({ length: 256 }, (_, code) => String.fromCharCode(code).toLowerCase().charCodeAt(0));

/**
 * How long the header is that begins at `from`, its empty line included (RFC 5322 §2.1): of what ends at `to`; -1 when no empty line is
 * there.
 */
export function headerLength(bytes: Uint8Array, from: number, to: number): number {
  const header = bytes.subarray(from, to);
  for (let start = 0; start < header.length;) {
    if (header[start] === LF) return start + 1;
    if (header[start] === CR && header[start + 1] === LF) return start + 2;
    const end = header.indexOf(LF, start);
    if (end < 0) return -1;
    start = end + 1;
  }
  return -1;
}

/** Selects fields of many headers by the same names; those of one header alone: `selectFields`. */
export class FieldSelector {
  /** The names in small letters, by their length. */
  readonly #names = new Map<number, Uint8Array[]>();

  constructor(names: readonly string[], private readonly keep: boolean) {
    for (const name of names) {
      // What lies beyond Latin-1 is no name in bytes.
      if (/[^\0-\xff]/.test(name)) continue;
      const small = latin1Bytes(name.toLowerCase());
      const alike = this.#names.get(small.length);
      if (alike === undefined) this.#names.set(small.length, [small]);
      else alike.push(small);
    }
  }

  /** Adds first and end of each range of the header to `into`; answers how many bytes they are. Linear. */
  select(bytes: Uint8Array, { offset, length }: { readonly offset: number; readonly length: number }, into: number[]) {
    const to = offset + length;
    let total = 0;
    for (let at = offset; at < to;) {
      const end = fieldEnd(bytes, at, to);
      if (isEmptyLine(bytes, at, to) || this.#has(bytes, at, end) === this.keep) {
        if (into.length > 0 && into.at(-1) === at) into[into.length - 1] = end;
        else into.push(at, end);
        total += end - at;
      }
      at = end;
    }
    return total;
  }

  /** Whether the field between these places has one of the names; what has no colon has an empty one. */
  #has(bytes: Uint8Array, from: number, to: number): boolean {
    const last = Math.min(to, from + NAME_BYTES_MAX);
    let colon = from;
    while (colon < last && bytes[colon] !== COLON) colon++;
    let end = colon === last ? from : colon;
    while (end > from && isBlank(bytes[end - 1]!)) end--;
    const alike = this.#names.get(end - from);
    return alike !== undefined && alike.some((name) => isNamed(bytes, from, name));
  }
}

function isNamed(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (SMALL[bytes[from + i]!] !== name[i]) return false;
  return true;
}

/** Behind the first line end that no blank follows. */
function fieldEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] === LF && (at + 1 === to || (bytes[at + 1] !== SPACE && bytes[at + 1] !== TAB))) return at + 1;
  }
  return to;
}

function isEmptyLine(bytes: Uint8Array, at: number, to: number): boolean {
  return bytes[at] === LF || (bytes[at] === CR && at + 1 < to && bytes[at + 1] === LF);
}

function isBlank(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= CR) || code === NO_BREAK_SPACE;
}
