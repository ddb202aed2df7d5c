import { formatIp, parseIp } from "../base/mod.ts";

/** Which addresses mail may be sent to besides those of the Internet. */
export interface TargetOptions {
  /** Allows 127.0.0.0/8 and ::1: for tests, and for a server behind this one. */
  readonly loopbackAllowed?: boolean;
  /** Allows private networks (RFC 1918, RFC 4193 and alike). */
  readonly privateAllowed?: boolean;
  /** Addresses of this server, in canonical form: mail to itself would go round in a circle (RFC 5321 §5.1). */
  readonly own?: ReadonlySet<string>;
}

type Scope = "global" | "private" | "loopback" | "none";
type Range = readonly [octets: readonly number[], bits: number, scope: Scope];

/** From the registry of RFC 6890 §2.2.2; the first that fits counts. */
const IPV4: readonly Range[] = [
  [[0], 8, "none"], // This network; 0.0.0.0 reaches this machine.
  [[127], 8, "loopback"],
  [[169, 254], 16, "none"], // Link-local: also where clouds keep their secrets.
  [[224], 4, "none"], // Multicast.
  [[240], 4, "none"], // Reserved, and broadcast.
  [[10], 8, "private"],
  [[172, 16], 12, "private"],
  [[192, 168], 16, "private"],
  [[100, 64], 10, "private"], // Shared by carriers.
  [[198, 18], 15, "private"], // Benchmarks.
];

/** From the registry of RFC 6890 §2.2.3; the first that fits counts. */
const IPV6: readonly Range[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback"],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 128, "none"],
  [[0xfe, 0x80], 10, "none"], // Link-local.
  [[0xff], 8, "none"], // Multicast.
  [[0xfc], 7, "private"], // Unique local.
  [[0xfe, 0xc0], 10, "private"], // Site-local, as it was.
];

/** Prefixes behind which an IPv4 address stands, and where. */
const EMBEDDED: readonly (readonly [octets: readonly number[], bits: number, at: number])[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96, 12], // Mapped (RFC 4291 §2.5.5.2).
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 96, 12], // Compatible (RFC 4291 §2.5.5.1).
  [[0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96, 12], // Translated (RFC 6052 §2.1).
  [[0x20, 0x02], 16, 2], // 6to4 (RFC 3056 §2).
];

/**
 * Whether mail must not be sent to an IP address that a stranger's DNS named: this machine, its neighbours on the link,
 * groups, nobody; private networks unless they are allowed. A text that is no address is forbidden too.
 */
export function isForbiddenTarget(ip: string, options: TargetOptions = {}): boolean {
  const octets = parseIp(ip);
  if (octets === null) return true;
  const plain = embedded(octets) ?? octets;
  if (options.own?.has(formatIp(octets)) || options.own?.has(formatIp(plain))) return true;
  const scope = scopeOf(plain);
  if (scope === "loopback") return options.loopbackAllowed !== true;
  if (scope === "private") return options.privateAllowed !== true;
  return scope === "none";
}

/** The IPv4 address that an IPv6 address stands for, or null. */
function embedded(octets: Uint8Array): Uint8Array | null {
  if (octets.length === 4) return null;
  if (within(octets, IPV6[0]![0], 128) || within(octets, IPV6[1]![0], 128)) return null; // ::1 and :: are their own.
  const found = EMBEDDED.find(([prefix, bits]) => within(octets, prefix, bits));
  return found === undefined ? null : octets.subarray(found[2], found[2] + 4);
}

function scopeOf(octets: Uint8Array): Scope {
  const ranges = octets.length === 4 ? IPV4 : IPV6;
  return ranges.find(([prefix, bits]) => within(octets, prefix, bits))?.[2] ?? "global";
}

function within(octets: Uint8Array, prefix: readonly number[], bits: number): boolean {
  for (let i = 0; i * 8 < bits; i++) {
    const mask = bits - i * 8 >= 8 ? 0xff : (0xff << (8 - (bits - i * 8))) & 0xff;
    if ((octets[i]! & mask) !== ((prefix[i] ?? 0) & mask)) return false;
  }
  return true;
}
