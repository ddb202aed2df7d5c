import { Failure, formatIp, parseIp } from "../../base/mod.ts";

/** A name server. */
export interface ServerAddress {
  /** IP address in canonical form. */
  readonly address: string;
  readonly port: number;
}

/** The port of name servers (RFC 1035 §4.2). */
const DNS_PORT = 53;

/** Name servers that a resolv.conf may name: further ones are left out, as the C library does. */
const SYSTEM_SERVERS_MAX = 3;

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`. Throws a Failure (`invalid`) on anything else. */
export function parseServer(text: string): ServerAddress {
  const bracketed = /^\[([^\]]*)\](?::([0-9]{1,5}))?$/.exec(text);
  const dotted = /^([0-9.]+):([0-9]{1,5})$/.exec(text);
  const [host, port] = bracketed !== null
    ? [bracketed[1] ?? "", bracketed[2]]
    : dotted !== null
    ? [dotted[1] ?? "", dotted[2]]
    : [text, undefined];
  const octets = parseIp(host);
  const number = port === undefined ? DNS_PORT : Number(port);
  if (octets === null || number < 1 || number > 65_535 || (bracketed !== null && octets.length === 4)) {
    throw new Failure("invalid", `not the address of a name server: ${JSON.stringify(text.slice(0, 100))}`);
  }
  return { address: formatIp(octets), port: number };
}

/**
 * The name servers that a resolv.conf names (resolv.conf(5)), in order, for `createResolver`; this machine's when it names
 * none. An address with a zone (`fe80::1%eth0`) is left out: datagram sockets do not tell it back in one form.
 */
export function parseResolvConf(text: string): string[] {
  const servers: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, address = ""] = line.trim().split(/[ \t]+/, 2);
    if (keyword === "nameserver" && parseIp(address) !== null) servers.push(address);
  }
  return servers.length === 0 ? ["127.0.0.1"] : servers.slice(0, SYSTEM_SERVERS_MAX);
}
