import { DnsServer } from "./dns_server.ts";
import { programPath } from "./programs.ts";
import { RealServers } from "../net/dns/real_servers.ts";

/** What a name has. */
export interface ZoneRecords {
  readonly a?: readonly string[];
  /** Preference and host; the host "" is a null MX (RFC 7505). */
  readonly mx?: readonly (readonly [preference: number, exchange: string])[];
  readonly txt?: readonly string[];
}

/** Names below `test`, without the final dot. */
export type Zone = Readonly<Record<string, ZoneRecords>>;

/** A running name server. */
export interface NameServer extends AsyncDisposable {
  /** As `dns.servers` wants it. */
  readonly server: string;
}

/** Serves a zone: by NSD behind Unbound where both are installed, else by the name server of the tests. */
export async function serveZone(zone: Zone): Promise<NameServer> {
  if (["nsd", "unbound"].some((program) => programPath(program) === null)) {
    const records = Object.entries(zone).map(([name, { mx = [], ...rest }]) => [
      name,
      { ...rest, mx: mx.map(([preference, exchange]) => ({ preference, exchange })) },
    ]);
    return await DnsServer.start(Object.fromEntries(records));
  }
  const servers = await RealServers.start({ test: { records: masterFile(zone), signed: "no" } });
  return { server: servers.unbound, [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose]() };
}

/** The zone as a master file (RFC 1035 §5.1). */
function masterFile(zone: Zone): string {
  return Object.entries(zone).flatMap(([name, { a = [], mx = [], txt = [] }]) => [
    ...a.map((address) => `${name}. A ${address}`),
    ...mx.map(([preference, exchange]) => `${name}. MX ${preference} ${exchange}.`),
    ...txt.map((text) => `${name}. TXT "${text}"`),
  ]).join("\n");
}
