import type { DnsAnswer, MxRecord, Random } from "../base/mod.ts";
import { type DomainName, parseDomain } from "../mail/mod.ts";

/** A host that takes mail for a domain. */
export interface MxHost {
  readonly name: DomainName;
  readonly preference: number;
}

/** Where mail for a domain goes, or why it goes nowhere. */
export type MxSelection =
  | {
    readonly type: "hosts";
    /** At least one, in the order in which they are to be tried. */
    readonly hosts: readonly MxHost[];
    /** There is no MX record: the domain stands for itself. */
    readonly implicit: boolean;
    /** Whether the way from the domain to its hosts was validated (RFC 7672 §2.2.1). */
    readonly secure: boolean;
    /** The name that has the MX records, where the domain is an alias of it. */
    readonly alias: string | null;
  }
  | {
    /** For good: no later try will do better. */
    readonly type: "failed";
    /** Reply code that fits. */
    readonly code: 550 | 554 | 556;
    /** Enhanced status code (RFC 3463, RFC 7505). */
    readonly status: string;
    readonly text: string;
  };

/** What selecting depends on besides the answer. */
export interface MxOptions {
  /** Whether a host is this server, by any of its names. */
  readonly isOurs: (host: DomainName) => boolean;
  /** Most hosts to try; RFC 5321 §5.1 wants at least two. */
  readonly hostsMax: number;
  readonly random: Random;
}

/** Hosts that suit a mail server: nobody has more that are of use. */
export const MX_HOSTS_MAX = 20;

/** The hosts that take mail for `domain`, by the answer to the question for its MX records (RFC 5321 §5.1). */
export function selectMx(domain: DomainName, answer: DnsAnswer<MxRecord>, options: MxOptions): MxSelection {
  if (answer.type === "nxdomain") return failed(550, "5.1.2", `the domain ${domain} does not exist`);
  // No MX record at all: the domain itself, as if by an MX record of preference 0.
  const implicit = answer.type === "nodata";
  const records = answer.type === "nodata" ? [{ preference: 0, exchange: domain }] : answer.records;
  if (isNullMx(records)) return failed(556, "5.1.10", `the domain ${domain} takes no mail (null MX)`);
  const hosts = inOrder(usable(records), options.random);
  if (hosts.length === 0) return failed(550, "5.4.4", `no MX record of ${domain} names a host`);
  const ours = hosts.find(({ name }) => options.isOurs(name));
  // Those that are as good as we are, or less: they would give the mail back to us.
  const ahead = ours === undefined ? hosts : hosts.filter(({ preference }) => preference < ours.preference);
  if (ahead.length === 0) return failed(554, "5.4.6", `mail for ${domain} would come back to this server`);
  const alias = answer.type === "found" ? answer.alias ?? null : null;
  return { type: "hosts", hosts: ahead.slice(0, options.hostsMax), implicit, secure: answer.secure, alias };
}

/** RFC 7505 §3: one record that names the root. Beside other records it means nothing. */
function isNullMx(records: readonly MxRecord[]): boolean {
  return records.length === 1 && records[0]?.exchange === "";
}

/** The records that name a host, each host once, where it is preferred most. `parseDomain` refuses IP addresses. */
function usable(records: readonly MxRecord[]): MxHost[] {
  const best = new Map<DomainName, number>();
  for (const { preference, exchange } of records) {
    const name = parseDomain(exchange);
    if (name !== null) best.set(name, Math.min(preference, best.get(name) ?? preference));
  }
  return [...best].map(([name, preference]) => ({ name, preference }));
}

/** By preference, lowest number first; those of the same in random order, to spread the load (RFC 5321 §5.1). */
function inOrder(hosts: readonly MxHost[], random: Random): MxHost[] {
  const shuffled = [...hosts];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const other = Math.floor(random.next() * (i + 1));
    [shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!];
  }
  return shuffled.sort((a, b) => a.preference - b.preference); // Stable: the shuffle stays within one preference.
}

function failed(code: 550 | 554 | 556, status: string, text: string): MxSelection {
  return { type: "failed", code, status, text };
}
