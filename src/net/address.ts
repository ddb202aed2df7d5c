import { isIPv4, isIPv6 } from "node:net";

/** The address in its shortest common form: IPv4-mapped IPv6 as IPv4, without a zone, in lower case. */
export function normalizeAddress(address: string): string {
  const zone = address.indexOf("%");
  const plain = (zone < 0 ? address : address.slice(0, zone)).toLowerCase();
  if (!plain.startsWith("::ffff:")) return plain;
  const mapped = plain.slice("::ffff:".length);
  if (isIPv4(mapped)) return mapped;
  const hex = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(mapped);
  if (hex === null) return plain;
  const high = parseInt(hex[1] ?? "", 16);
  const low = parseInt(hex[2] ?? "", 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Whether the (normalised) address is of this machine only: 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  return address === "::1" || (address.startsWith("127.") && isIPv4(address));
}

/** What shares one `perAddressMax`: the IPv4 address itself, or the /64 of an IPv6 address. */
export function addressBlock(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::", 2);
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    // A dotted quad at the end stands for two groups.
    const width = after.length + (after.at(-1)?.includes(".") ? 1 : 0);
    while (groups.length + width < 8) groups.push("0");
    groups.push(...after);
  }
  return groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":") + "::/64";
}
