import { isIPv4, isIPv6 } from "node:net";
import { sharePrefix } from "../base/ip.ts";

/** An IP address as bytes: 4 or 16 of them. */
export type IpBytes = Uint8Array;

/** The bytes of an address in text, or null. An IPv4 address mapped into IPv6 is the IPv4 address (RFC 7208 §5). */
export function parseIp(text: string): IpBytes | null {
  const plain = text.includes("%") ? text.slice(0, text.indexOf("%")) : text;
  if (isIPv4(plain)) return Uint8Array.from(plain.split("."), Number);
  if (!isIPv6(plain)) return null;
  const bytes = parseIpv6(plain);
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12) : bytes;
}

/** An address as the DNS is asked for it: without a zone, a mapped IPv4 address as what it is. What is none stays. */
export function plainIp(text: string): string {
  const bytes = parseIp(text);
  if (bytes === null) return text;
  return bytes.length === 4 ? bytes.join(".") : text.split("%", 1)[0]!.toLowerCase();
}

/** The 16 bytes of an IPv6 address in text, a mapped one included. */
export function parseIpv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::");
  const front = groupBytes(head);
  const back = tail === undefined ? [] : groupBytes(tail);
  const bytes = new Uint8Array(16);
  bytes.set(front, 0);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Whether one of these addresses in text is this one. */
export function includesIp(addresses: readonly string[], ip: IpBytes): boolean {
  return addresses.some((text) => {
    const bytes = parseIp(text);
    return bytes !== null && sharePrefix(ip, bytes, ip.length * 8);
  });
}

/** The address in the form of %{i}: dotted bytes, or 32 dotted hexadecimal digits (RFC 7208 §7.3). */
export function dottedIp(ip: IpBytes): string {
  if (ip.length === 4) return [...ip].join(".");
  return [...ip].flatMap((byte) => [byte >> 4, byte & 15]).map((digit) => digit.toString(16)).join(".");
}
