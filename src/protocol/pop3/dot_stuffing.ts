import { Buffer } from "node:buffer";

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/** Where a stream of message bytes stands: at the start of a line, right behind a CR, or elsewhere. */
export type StuffingState = "lineStart" | "afterCr" | "inLine";

/** The bytes as text, one character each: natively copied, and searched many times faster than the bytes themselves. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/**
 * Doubles each dot that begins a line (RFC 1939 §3). Only CRLF begins one: the message keeps its own bare CR and LF. Gives the
 * array it was given when nothing had to be doubled.
 */
export function stuffDots(state: StuffingState, bytes: Uint8Array): readonly [StuffingState, Uint8Array] {
  if (bytes.length === 0) return [state, bytes];
  const text = latin1(bytes);
  const dots: number[] = [];
  if (state === "lineStart" && bytes[0] === DOT) dots.push(0);
  if (state === "afterCr" && bytes[0] === LF && bytes[1] === DOT) dots.push(1);
  for (let at = text.indexOf("\r\n."); at >= 0; at = text.indexOf("\r\n.", at + 3)) dots.push(at + 2);
  return [stateAfter(state, bytes), dots.length === 0 ? bytes : doubled(bytes, dots)];
}

/** What ends a multi-line reply: CRLF first when the message does not end in it. */
export function endOfMessage(state: StuffingState): string {
  return state === "lineStart" ? ".\r\n" : "\r\n.\r\n";
}

function stateAfter(before: StuffingState, bytes: Uint8Array): StuffingState {
  const last = bytes[bytes.length - 1];
  if (last === CR) return "afterCr";
  const previousIsCr = bytes.length > 1 ? bytes[bytes.length - 2] === CR : before === "afterCr";
  return last === LF && previousIsCr ? "lineStart" : "inLine";
}

function doubled(bytes: Uint8Array, dots: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes.length + dots.length);
  let from = 0;
  let to = 0;
  for (const dot of dots) {
    out.set(bytes.subarray(from, dot), to);
    to += dot - from;
    out[to++] = DOT;
    from = dot;
  }
  out.set(bytes.subarray(from), to);
  return out;
}
