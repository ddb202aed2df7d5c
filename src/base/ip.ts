import { isIPv6 } from "node:net";

const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;

/** The 4 or 16 octets of an IP address in text, or null. A zone (`%eth0`) means something on one machine only: refused. */
export function parseIp(text: string): Uint8Array | null {
  const quad = parseIpv4(text);
  if (quad !== null) return Uint8Array.from(quad);
  return isIPv6(text) && !text.includes("%") ? parseIpv6(text) : null;
}

/** The 4 octets of an IPv4 address, or null. Each in its one form: 010 is a typing error, not 8. Every client is looked at several times: read digit by digit. */
export function parseIpv4(text: string): readonly number[] | null {
  const octets: number[] = [];
  let octet = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code >= ZERO && code <= NINE && octet !== 0) octet = Math.max(0, octet) * 10 + code - ZERO;
    else if (code === DOT && octet >= 0 && octets.length < 4) {
      octets.push(octet);
      octet = -1;
    } else return null;
    if (octet > 255) return null;
  }
  return octets.length === 4 ? octets : null;
}

/** Whether two addresses are of one family and begin with the same bits. */
export function sharePrefix(one: ArrayLike<number>, other: ArrayLike<number>, bits: number): boolean {
  if (one.length !== other.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (one[i] !== other[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (one[whole]! ^ other[whole]!) >> (8 - rest) === 0;
}

/** An IPv4 address that is mapped into IPv6, as what it is; any other as it stands. */
export function unmapped(octets: Uint8Array): Uint8Array {
  return octets.length === 16 && isMapped(octets) ? octets.subarray(12) : octets;
}

/** The address of 4 or 16 octets in its one canonical form (RFC 5952 §4, §5). */
export function formatIp(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  if (isMapped(octets)) return `::ffff:${octets.subarray(12).join(".")}`;
  const groups = Array.from({ length: 8 }, (_, i) => (octets[2 * i]! << 8) | octets[2 * i + 1]!);
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** Whether 16 octets stand for an IPv4 address: ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
function isMapped(octets: Uint8Array): boolean {
  return octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 0xff && octets[11] === 0xff;
}

/** `isIPv6` has judged the text: only its groups have to be put in their places. */
function parseIpv6(text: string): Uint8Array {
  const [head = "", tail] = text.split("::", 2);
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const octets = new Uint8Array(16);
  octets.set(before, 0);
  octets.set(after, 16 - after.length);
  return octets;
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

/** The first of the longest runs of zero groups (RFC 5952 §4.2.3). */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
