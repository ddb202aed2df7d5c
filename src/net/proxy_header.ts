import { isIPv4, isIPv6 } from "node:net";
import { normalizeAddress } from "./address.ts";
import type { Endpoint } from "./types.ts";

/** The two ends of a connection as the proxy has seen them. */
export interface ProxiedEnds {
  /** The client. */
  readonly remote: Endpoint;
  /** What the client connected to. */
  readonly local: Endpoint;
}

/** What the first bytes of a connection are. */
export type ProxyHeader =
  /** Right so far, but not all of it. */
  | { readonly type: "more" }
  | { readonly type: "bad" }
  /** A whole header of `bytes` bytes; `ends` is null when the proxy speaks for itself (a health check) or knows nothing. */
  | { readonly type: "header"; readonly bytes: number; readonly ends: ProxiedEnds | null };

/** Longest header that is read, in bytes: version 1 has 107 at most, version 2 as many as its length says, for fields that are passed over. */
export const PROXY_HEADER_BYTES_MAX = 2_048;

const MORE: ProxyHeader = { type: "more" };
const BAD: ProxyHeader = { type: "bad" };
const V1_START = bytesOf("PROXY ");
const V1_BYTES_MAX = 107;
const V2_START = bytesOf("\r\n\r\n\0\r\nQUIT\n");
const V2_FIXED_BYTES = 16;
/** Of version 2: a stream over IPv4 and over IPv6, an unknown one, one over a Unix socket; and the bytes of their addresses. */
const V2_FAMILIES: ReadonlyMap<number, number> = new Map([[0x11, 12], [0x21, 36], [0x00, 0], [0x31, 216]]);

/** Reads the header of the PROXY protocol (HAProxy, versions 1 and 2) that `input` begins with. */
export function parseProxyHeader(input: Uint8Array): ProxyHeader {
  if (startsAlike(input, V1_START)) return input.length < V1_START.length ? MORE : parseV1(input);
  if (startsAlike(input, V2_START)) return input.length < V2_FIXED_BYTES ? MORE : parseV2(input);
  return BAD;
}

/** "PROXY" SP "TCP4" SP source SP destination SP port SP port CRLF; or "PROXY" SP "UNKNOWN", anything, CRLF. */
function parseV1(input: Uint8Array): ProxyHeader {
  const lf = input.subarray(0, V1_BYTES_MAX).indexOf(0x0a);
  if (lf < 0) return input.length < V1_BYTES_MAX ? MORE : BAD;
  const line = String.fromCharCode(...input.subarray(0, lf + 1));
  const bytes = lf + 1;
  if (/^PROXY UNKNOWN(?: [ -~]*)?\r\n$/.test(line)) return { type: "header", bytes, ends: null };
  const match = /^PROXY (TCP[46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) ([0-9]{1,5}) ([0-9]{1,5})\r\n$/.exec(line);
  if (match === null) return BAD;
  const [, family, source = "", destination = "", sourcePort = "", destinationPort = ""] = match;
  const isAddress = family === "TCP4" ? isIPv4 : isIPv6;
  const ports = [sourcePort, destinationPort].map((text) => /^(?:0|[1-9][0-9]*)$/.test(text) ? Number(text) : -1);
  if (!isAddress(source) || !isAddress(destination) || ports.some((port) => port < 0 || port > 65_535)) return BAD;
  return { type: "header", bytes, ends: endsOf(source, destination, ports[0]!, ports[1]!) };
}

/** Signature, version and command, family, length, addresses, and fields of other use. */
function parseV2(input: Uint8Array): ProxyHeader {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const command = input[12]!;
  const family = input[13]!;
  const length = view.getUint16(14);
  const bytes = V2_FIXED_BYTES + length;
  if (command !== 0x20 && command !== 0x21) return BAD;
  if (bytes > PROXY_HEADER_BYTES_MAX) return BAD;
  const addressBytes = V2_FAMILIES.get(family);
  // LOCAL comes with whatever addresses; they are not looked at.
  if (command === 0x21 && (addressBytes === undefined || length < addressBytes)) return BAD;
  if (input.length < bytes) return MORE;
  if (command === 0x20 || (family !== 0x11 && family !== 0x21)) return { type: "header", bytes, ends: null };
  const width = family === 0x11 ? 4 : 16;
  const address = (at: number) => addressOf(input.subarray(at, at + width));
  const ports = V2_FIXED_BYTES + 2 * width;
  const ends = endsOf(
    address(V2_FIXED_BYTES),
    address(V2_FIXED_BYTES + width),
    view.getUint16(ports),
    view.getUint16(ports + 2),
  );
  return { type: "header", bytes, ends };
}

function endsOf(source: string, destination: string, sourcePort: number, destinationPort: number): ProxiedEnds {
  return {
    remote: { address: canonical(source), port: sourcePort },
    local: { address: canonical(destination), port: destinationPort },
  };
}

/** In the form that sockets have: limits per address compare texts. */
function canonical(address: string): string {
  return normalizeAddress(isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address);
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return groups.join(":");
}

/** Whether both are the same as far as both go. */
function startsAlike(input: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(input.length, start.length);
  for (let i = 0; i < length; i++) if (input[i] !== start[i]) return false;
  return true;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
