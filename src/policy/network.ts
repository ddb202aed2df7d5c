import ipaddr from "ipaddr.js";
import { Failure, parseIpv4, sharePrefix } from "../base/mod.ts";

/** UTF-16 units of an address or network that are looked at. */
const TEXT_CHARS_MAX = 64;

/** A range of addresses. */
export interface Network {
  /** Canonical `address/bits`, the bits beyond the prefix zero: `192.0.2.0/24`, `2001:db8::/64`. */
  readonly text: string;
  /** 4 or 16 octets of its first address. */
  readonly octets: readonly number[];
  /** Length of the prefix. */
  readonly bits: number;
}

/** The octets of an address, 4 or 16; null when it is none. An IPv4 address inside IPv6 counts as IPv4. */
export function addressOctets(text: string): readonly number[] | null {
  if (text.length > TEXT_CHARS_MAX) return null;
  const quad = parseIpv4(text);
  if (quad !== null) return quad;
  if (!text.includes(":") || !ipaddr.IPv6.isValid(text)) return null;
  return ipaddr.process(text).toByteArray();
}

/** A network of an address, or of `address/bits`; null when it is neither. */
export function parseNetwork(text: string): Network | null {
  if (text.length > TEXT_CHARS_MAX) return null;
  const [address = "", length, ...rest] = text.split("/");
  const octets = addressOctets(address);
  if (octets === null || rest.length > 0) return null;
  const width = 8 * octets.length;
  if (length === undefined) return network(octets, width);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : -1;
  return bits < 0 || bits > width ? null : network(octets, bits);
}

/** All of these networks. Throws Failure `invalid` for a text that is none. */
export function parseNetworkList(texts: readonly string[]): Network[] {
  return texts.map((text) => {
    const network = parseNetwork(text);
    if (network === null) throw new Failure("invalid", `${JSON.stringify(text.slice(0, 80))} is no network`);
    return network;
  });
}

/** The network of that length around an address. */
export function network(address: readonly number[], bits: number): Network {
  const octets = masked(address, bits);
  const first = octets.length === 4 ? octets.join(".") : ipaddr.fromByteArray([...octets]).toString();
  return { text: `${first}/${bits}`, octets, bits };
}

/** Whether an address lies in a network. */
export function contains({ octets, bits }: Network, address: readonly number[]): boolean {
  return sharePrefix(octets, address, bits);
}

/** Whether an address as text lies in one of the networks. */
export function isWithin(networks: readonly Network[], address: string): boolean {
  if (networks.length === 0) return false;
  const octets = addressOctets(address);
  return octets !== null && networks.some((network) => contains(network, octets));
}

function masked(octets: readonly number[], bits: number): readonly number[] {
  return octets.map((octet, i) => octet & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff);
}

/** Bits that one site holds: an IPv4 address, or the /64 of an IPv6 address; and those of the network around it. */
const SITE_BITS = { 4: 32, 16: 64 } as const;
const NETWORK_BITS = { 4: 24, 16: 48 } as const;

/** Whom an address stands for. */
export interface Origin {
  /** The IPv4 address, or the /64 of an IPv6 address: what a single site is given. */
  readonly site: string;
  /** The /24 of an IPv4 address, the /48 of an IPv6 address: what a single customer may hold. */
  readonly network: string;
}

/** The site and network of an address; a text that is no address stands for itself. */
export function originOf(address: string): Origin {
  const octets = addressOctets(address);
  if (octets === null) return { site: address, network: address };
  const width = octets.length as 4 | 16;
  return { site: network(octets, SITE_BITS[width]).text, network: network(octets, NETWORK_BITS[width]).text };
}
