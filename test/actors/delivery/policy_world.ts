import { createHash } from "node:crypto";
import {
  type DeliveryLimits,
  type DeliveryNames,
  type HostsAnswer,
  TransportPolicies,
} from "../../../src/actors/delivery/mod.ts";
import { type Clock, type DnsAnswer, Failure, SILENT, systemClock, type TlsaRecord } from "../../../src/base/mod.ts";
import { parseDomain } from "../../../src/mail/mod.ts";
import { type DayReport, REPORT_DAY_MS } from "../../../src/policy/mod.ts";
import { TestCertificate } from "../../support/certificates.ts";
import { HttpsServer } from "../../support/https_server.ts";
import { SmtpSink } from "../../support/smtp_sink.ts";
import { Delivery } from "./support.ts";

/** The authority that all of a test's machines trust. */
export const ROOT = TestCertificate.selfSigned({ commonName: "Root", authority: true });

/** A server's certificate under the authority. */
export function pairFor(...names: string[]): { cert: string; key: string } {
  const { pem, keyPem } = ROOT.issue({ commonName: names[0] ?? "nobody", names });
  return { cert: pem, key: keyPem };
}

/** The record of a public key. */
export function tlsa(kind: "2 1 1" | "3 1 1" | "1 1 1", certificate: TestCertificate): TlsaRecord {
  const data = new Uint8Array(createHash("sha256").update(certificate.spki).digest());
  return { usage: Number(kind[0]), selector: 1, matching: 1, data };
}

/** What the DNS of a test says. "trouble": it does not answer. */
export interface Zone {
  /** Hosts of there.test. */
  hosts: string[];
  /** By host; 127.0.0.1 where there is none. */
  addresses: Record<string, string[]>;
  /** What was validated. */
  secure: boolean;
  addressesSecure: boolean;
  txt: string[] | "trouble";
  /** "impossible": there can be no such name. */
  tlsa: TlsaRecord[] | "trouble" | "impossible";
  tlsaSecure: boolean;
  aaaa: "nodata" | "trouble";
  /** What each host is an alias of, and whether the alias itself is validated. */
  alias: { name: string; secure: boolean } | null;
  aliasTrouble: boolean;
  /** The only name below which there are TLSA records; null: every one. */
  tlsaAt: string | null;
}

/** The domain there.test, its DNS, the server of its policy and ours, with what they remember. */
export class PolicyWorld implements AsyncDisposable {
  readonly zone: Zone = {
    hosts: ["mx.there.test"],
    addresses: {},
    secure: false,
    addressesSecure: true,
    txt: [],
    tlsa: [],
    tlsaSecure: true,
    aaaa: "nodata",
    alias: null,
    aliasTrouble: false,
    tlsaAt: null,
  };
  /** What the server of the policy gives; null: 404. */
  policy: string | null = null;
  forbidden: string[] = [];
  readonly policies: TransportPolicies;
  readonly asked: string[] = [];
  #aheadMs = 0;
  readonly clock: Clock = { ...systemClock(), wallMs: () => Date.now() + this.#aheadMs };

  private constructor(readonly server: HttpsServer) {
    this.policies = new TransportPolicies({
      resolver: {
        ...this.names.resolver,
        txt: (name) => this.#txt(name),
        tlsa: (name) => this.#tlsa(name),
        cname: (name) => this.#cname(name),
      },
      isForbidden: this.names.isForbidden,
      clock: this.clock,
      log: SILENT,
      mtaSts: true,
      dane: true,
      httpsPort: server.port,
      ca: ROOT.pem,
    });
  }

  static async start(zone: Partial<Zone> = {}, policy: string | null = null): Promise<PolicyWorld> {
    const server = await HttpsServer.start(pairFor("mta-sts.there.test"), (_request, response) => {
      response.writeHead(world.policy === null ? 404 : 200, { "content-type": "text/plain" }).end(world.policy ?? "");
    });
    const world: PolicyWorld = new PolicyWorld(server);
    Object.assign(world.zone, policy === null ? {} : { txt: ["v=STSv1; id=1"] }, zone);
    world.policy = policy;
    return world;
  }

  readonly names: DeliveryNames = {
    resolver: {
      a: (name) => this.#addresses(name),
      aaaa: (name) => {
        this.asked.push(`AAAA ${name}`);
        if (this.zone.aaaa === "trouble") return Promise.reject(new Failure("dns", "SERVFAIL"));
        return Promise.resolve({ type: "nodata", secure: this.zone.secure });
      },
    },
    hostsFor: (): Promise<HostsAnswer> =>
      Promise.resolve({
        type: "hosts",
        hosts: this.zone.hosts.map((name) => ({ name })),
        secure: this.zone.secure,
      }),
    isForbidden: (address: string) => this.forbidden.includes(address),
  };

  /** A delivery actor that knows this world; `ca` is what it checks mail servers by. */
  deliver(port: number, options: { ca?: string; limits?: Partial<DeliveryLimits> } = {}): Promise<Delivery> {
    return Delivery.start({ port, names: this.names, policies: this.policies, ca: ROOT.pem, ...options });
  }

  /** A mail server that shows a certificate. */
  sink(
    certificate: { cert: string; key: string } | null = pairFor("mx.there.test"),
    options: { host?: string; port?: number; extensions?: string[] } = {},
  ): Promise<SmtpSink> {
    if (certificate === null) return SmtpSink.start({ ...options });
    return SmtpSink.start({ tls: "starttls", certificate, ...options });
  }

  /** Time passes for the record of the policy, and for nothing else. */
  forgetRecord(): void {
    const domain = parseDomain("there.test");
    if (domain !== null) this.policies.cache.recheck(domain);
  }

  /** What would be reported of today, tomorrow. */
  reports(): DayReport[] {
    this.#aheadMs += REPORT_DAY_MS;
    return this.policies.reports.takeDue();
  }

  /** The same in short: policy, successes, and failures by kind. */
  counted(): string[] {
    return this.reports().flatMap(({ policies }) => policies).map(({ policy, successes, details }) => {
      const failures = details.map(({ result, count }) => ` ${result} ${count}`);
      return `${policy.type}: ${successes}${failures.join("")}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  #addresses(name: string): Promise<DnsAnswer<string>> {
    this.asked.push(`A ${name}`);
    return Promise.resolve({
      type: "found",
      records: this.zone.addresses[name] ?? ["127.0.0.1"],
      secure: this.zone.secure && this.zone.addressesSecure,
      ...(this.zone.alias === null ? {} : { alias: this.zone.alias.name }),
    });
  }

  #txt(name: string): Promise<DnsAnswer<string>> {
    this.asked.push(`TXT ${name}`);
    return answer(this.zone.txt, false);
  }

  #cname(name: string): Promise<DnsAnswer<string>> {
    this.asked.push(`CNAME ${name}`);
    const { alias, aliasTrouble } = this.zone;
    if (aliasTrouble) return answer("trouble", false);
    return answer(alias === null ? [] : [alias.name], alias?.secure ?? false);
  }

  #tlsa(name: string): Promise<DnsAnswer<TlsaRecord>> {
    this.asked.push(`TLSA ${name}`);
    const { tlsa, tlsaSecure, tlsaAt } = this.zone;
    if (tlsaAt !== null && !name.endsWith(`._tcp.${tlsaAt}`)) return answer([], true);
    if (tlsa === "impossible") return Promise.reject(new Failure("invalid", "the name is too long"));
    return answer(tlsa, tlsaSecure);
  }
}

function answer<T>(records: readonly T[] | "trouble", secure: boolean): Promise<DnsAnswer<T>> {
  if (records === "trouble") return Promise.reject(new Failure("dns", "SERVFAIL"));
  return Promise.resolve(records.length === 0 ? { type: "nodata", secure } : { type: "found", records, secure });
}
