import { readFileSync } from "node:fs";
import type { ClusterConfig } from "./config/mod.ts";
import { parseResolvConf } from "./net/mod.ts";

/** Where the system says which name servers to ask. */
const RESOLV_CONF = "/etc/resolv.conf";

/** The name servers to ask: those of the config, else the system's, else this machine's. */
export function nameServers({ dns }: ClusterConfig): readonly string[] {
  if (dns.servers.length > 0) return dns.servers;
  let text = "";
  try {
    text = readFileSync(RESOLV_CONF, "utf8");
  } catch {
    // Without that file the resolver of the C library asks this machine, too.
  }
  return parseResolvConf(text);
}
