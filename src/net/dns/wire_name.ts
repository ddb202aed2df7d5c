import { Failure } from "../../base/mod.ts";

/** Longest name on the wire, the root's octet included (RFC 1035 §2.3.4). */
const NAME_BYTES_MAX = 255;

/** Pointers in one name: it has at most 127 labels, and a pointer that leads to no label saves nothing. */
const POINTERS_MAX = 127;

/** A name, and where what follows it begins. */
export interface WireName {
  /** Lower case, without the final dot; "" is the root. Octets that no host name has are escaped (RFC 1035 §5.1). */
  readonly text: string;
  readonly end: number;
}

/** Reads a name that may be compressed (RFC 1035 §4.1.4). Throws a Failure (`dns`) on any other form. */
export function readName(bytes: Uint8Array, start: number): WireName {
  let text = "";
  let total = 1;
  let pointers = 0;
  let end = -1;
  let at = start;
  for (;;) {
    const length = octet(bytes, at);
    if (length === 0) return { text, end: end < 0 ? at + 1 : end };
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | octet(bytes, at + 1);
      // Only to what stands before: no pointer can lead round in a circle.
      if (target >= at || ++pointers > POINTERS_MAX) throw malformed("a name points at itself");
      if (end < 0) end = at + 2;
      at = target;
      continue;
    }
    if (length > 63) throw malformed("a label of an unknown kind");
    total += length + 1;
    if (total > NAME_BYTES_MAX) throw malformed("a name of more than 255 octets");
    if (at + 1 + length > bytes.length) throw malformed("a name goes beyond the end");
    text += (text === "" ? "" : ".") + readLabel(bytes, at + 1, at + 1 + length);
    at += length + 1;
  }
}

/** An answer that does not keep to the rules: another server may do better. */
export function malformed(what: string): Failure {
  return new Failure("dns", `malformed answer: ${what}`);
}

function octet(bytes: Uint8Array, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw malformed("a name goes beyond the end");
  return value;
}

function readLabel(bytes: Uint8Array, start: number, end: number): string {
  let label = "";
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code >= 0x41 && code <= 0x5a) label += String.fromCharCode(code + 32);
    else if (isPlain(code)) label += String.fromCharCode(code);
    else label += `\\${String(code).padStart(3, "0")}`;
  }
  return label;
}

/** Letters, digits, "-", "_" and "/" (RFC 2317 §4): what text can show without doubt. */
function isPlain(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x2d && code <= 0x39 && code !== 0x2e) || code === 0x5f;
}
