import { BlockList, isIPv4, isIPv6 } from "node:net";
import { Failure } from "../base/mod.ts";

/** A set of addresses. */
export interface Networks {
  /** Whether the (normalised) address is in one of them. */
  has(address: string): boolean;
}

/** Networks as text: `192.0.2.0/24`, `2001:db8::/32`, or one address. Throws an `invalid` Failure. */
export function parseNetworks(list: readonly string[]): Networks {
  const blocks = new BlockList();
  for (const text of list) {
    const [address = "", prefix, ...more] = text.split("/");
    const family = familyOf(address);
    const bits = family === "ipv4" ? 32 : 128;
    const length = prefix === undefined ? bits : /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (family === null || more.length > 0 || length < 0 || length > bits) {
      throw new Failure("invalid", `not a network: ${text.slice(0, 100)}`);
    }
    blocks.addSubnet(address, length, family);
  }
  // Each connection and each mail is asked for, and most servers name no networks.
  if (list.length === 0) return { has: () => false };
  return {
    has(address) {
      const family = familyOf(address);
      return family !== null && blocks.check(address, family);
    },
  };
}

function familyOf(address: string): "ipv4" | "ipv6" | null {
  return isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : null;
}
