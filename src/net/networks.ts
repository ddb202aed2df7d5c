import { Failure, parseIp, sharePrefix, unmapped } from "../base/mod.ts";

/** A set of addresses. */
export interface Networks {
  /** Whether the address is in one of them. */
  has(address: string): boolean;
}

/** Addresses that begin with the same bits as this one. */
interface Network {
  readonly octets: Uint8Array;
  readonly bits: number;
}

/** Networks as text: `192.0.2.0/24`, `2001:db8::/32`, or one address. Throws an `invalid` Failure. */
export function parseNetworks(list: readonly string[]): Networks {
  const networks = list.map(parseNetwork);
  // Each connection and each mail is asked for, and most servers name no networks.
  if (networks.length === 0) return { has: () => false };
  return {
    has(address) {
      const parsed = parseIp(address);
      if (parsed === null) return false;
      const plain = unmapped(parsed);
      return networks.some(({ octets, bits }) => sharePrefix(octets, plain, bits));
    },
  };
}

/** What is written as a part of ::ffff:0:0/96 is a network of IPv4. */
function parseNetwork(text: string): Network {
  const [address = "", prefix, ...more] = text.split("/");
  const octets = parseIp(address);
  const width = 8 * (octets?.length ?? 0);
  const bits = prefix === undefined ? width : /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (octets === null || more.length > 0 || bits < 0 || bits > width) {
    throw new Failure("invalid", `not a network: ${text.slice(0, 100)}`);
  }
  const plain = unmapped(octets);
  const mapping = width - 8 * plain.length;
  return bits < mapping ? { octets, bits } : { octets: plain, bits: bits - mapping };
}
