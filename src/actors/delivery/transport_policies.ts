import {
  type AliasResolver,
  asFailure,
  type Cancel,
  type Clock,
  describeError,
  type DnsAnswer,
  type Log,
  type Resolver,
} from "../../base/mod.ts";
import type { DomainName } from "../../mail/mod.ts";
import type { StsPoliciesProtocol } from "../../messages/mod.ts";
import { httpsGet } from "../../net/mod.ts";
import {
  type DaneFinding,
  daneFinding,
  MtaStsCache,
  type MtaStsPolicy,
  mtaStsPolicyHost,
  mtaStsRecordName,
  type MtaStsStep,
  parseMtaStsRecord,
  POLICY_BYTES_MAX,
  tlsaBases,
  tlsaName,
  TlsReports,
  type TlsResult,
  type WayToHost,
} from "../../policy/mod.ts";
import type { Ref } from "../../runtime/mod.ts";
import { PolicyMemory } from "./policy_memory.ts";

/** What transport policies are found with. */
export interface TransportPolicyOptions {
  readonly resolver: Pick<Resolver, "a" | "aaaa" | "txt" | "tlsa"> & AliasResolver;
  /** Whether an address that the DNS named must not be connected to. */
  readonly isForbidden: (address: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether domains' MTA-STS policies are looked at (RFC 8461). */
  readonly mtaSts: boolean;
  /** Whether TLSA records are: only with a resolver whose word on DNSSEC can be trusted (RFC 7672 §2.1.3). */
  readonly dane: boolean;
  /** Of the servers of policies: 443, but in tests. */
  readonly httpsPort?: number;
  /** Certificates that these servers are checked by instead of the system's, as PEM. */
  readonly ca?: string;
  /** Longest fetch of a policy, in ms. */
  readonly fetchMsMax?: number;
  /** Who keeps policies over a restart; absent: nobody. */
  readonly keeper?: Ref<StsPoliciesProtocol>;
  /** Whether policies are fetched again before they are over though no mail asks: one worker does it for all. */
  readonly refreshes?: boolean;
  /** Whether sessions are counted for reports. Default true. */
  readonly counts?: boolean;
}

/** An MTA-STS policy that counts, or none, and what went wrong in getting the newest. */
export interface MtaStsFound {
  readonly policy: MtaStsPolicy | null;
  readonly trouble: TlsResult | null;
}

/** What TLSA records say, and below which name they stand (RFC 7672 §2.2.2). */
export interface DaneFound {
  readonly finding: DaneFinding;
  readonly base: string;
}

/** RFC 8461 §3.3 suggests a minute at most; a mail waits for it. */
const FETCH_MS_MAX = 30_000;

/** How often policies are looked through for those to fetch again, in ms, and how many are at a time. */
const REFRESH_EVERY_MS = 600_000;
const REFRESHES_MAX = 200;

const NO_POLICY: MtaStsFound = { policy: null, trouble: null };

/** Finds out what domains and hosts demand of those who send them mail, and remembers it. Never rejects for the world's sake. */
export class TransportPolicies {
  readonly cache: MtaStsCache;
  readonly reports: TlsReports;
  /** One question for all mails to a domain that wait for it. */
  readonly #asking = new Map<DomainName, Promise<MtaStsFound>>();
  readonly #memory: PolicyMemory | null;
  /** What was kept is back. */
  #loaded: Promise<void> = Promise.resolve();
  #refreshing: Cancel = () => {};
  #stopped = false;

  constructor(private readonly options: TransportPolicyOptions) {
    const { clock, log, keeper } = options;
    this.cache = new MtaStsCache({ clock });
    this.reports = new TlsReports({ clock, ...(options.counts === false ? { limits: { domainsMax: 0 } } : {}) });
    this.#memory = keeper === undefined ? null : new PolicyMemory({ cache: this.cache, keeper, clock, log });
  }

  /** Takes back what was kept, for which mail waits; from now on policies are renewed. */
  start(): void {
    const { mtaSts, refreshes } = this.options;
    if (!mtaSts) return;
    if (this.#memory !== null) this.#loaded = this.#memory.load();
    if (refreshes === true) this.#refreshLater();
  }

  /** Keeps what is not kept yet. */
  async drain(): Promise<void> {
    await this.#memory?.keep();
  }

  stop(): void {
    this.#stopped = true;
    this.#refreshing();
    this.#memory?.stop();
  }

  #refreshLater(): void {
    if (this.#stopped) return;
    this.#refreshing = this.options.clock.after(REFRESH_EVERY_MS, () => {
      void this.#refresh().finally(() => this.#refreshLater());
    });
  }

  /** Fetches again, one by one, what would be over some day: a domain without mail is no easier prey (RFC 8461 §3.3). */
  async #refresh(): Promise<void> {
    await this.#loaded;
    for (const domain of this.cache.due().slice(0, REFRESHES_MAX)) {
      if (this.#stopped) return;
      await this.#once(domain, () => this.#follow(domain, this.cache.beginRefresh(domain)));
    }
  }

  /** The MTA-STS policy of a domain. */
  mtaSts(domain: DomainName): Promise<MtaStsFound> {
    if (!this.options.mtaSts) return Promise.resolve(NO_POLICY);
    return this.#once(domain, async () => {
      await this.#loaded;
      return await this.#follow(domain, this.cache.begin(domain));
    });
  }

  #once(domain: DomainName, find: () => Promise<MtaStsFound>): Promise<MtaStsFound> {
    const under = this.#asking.get(domain);
    if (under !== undefined) return under;
    const asking = find().finally(() => this.#asking.delete(domain));
    this.#asking.set(domain, asking);
    return asking;
  }

  /** What the DNS says of a host's certificate, and below which name it says so. */
  async dane(way: WayToHost, port: number): Promise<DaneFound> {
    const { host } = way;
    if (!this.options.dane) return { finding: { type: "none" }, base: host };
    let bases = tlsaBases(way);
    if (bases === "if alias is signed") {
      const alias = await this.#ask(host, () => this.options.resolver.cname(host));
      if (alias === null) return { finding: { type: "failed" }, base: host };
      bases = alias.type === "found" && alias.secure ? [host] : [];
    }
    for (const base of bases) {
      const finding = daneFinding(await this.#ask(base, () => this.options.resolver.tlsa(tlsaName(base, port))));
      if (finding.type !== "none") return { finding, base };
    }
    return { finding: { type: "none" }, base: host };
  }

  /** Null: no answer, or a bogus one. */
  async #ask<T>(host: string, question: () => Promise<DnsAnswer<T>>): Promise<DnsAnswer<T> | null> {
    try {
      return await question();
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      // A name that cannot be asked for, as it is too long, has no records.
      if (!failure.temporary) return { type: "nxdomain", secure: false };
      this.options.log.info("no answer on TLSA records", { host, error: describeError(error) });
      return null;
    }
  }

  async #follow(domain: DomainName, first: MtaStsStep): Promise<MtaStsFound> {
    let step = first;
    while (step.type !== "use") {
      step = step.type === "askRecord" ? await this.#askRecord(domain) : await this.#fetch(domain, step.id);
    }
    return { policy: step.policy, trouble: step.trouble };
  }

  async #askRecord(domain: DomainName): Promise<MtaStsStep> {
    try {
      const answer = await this.options.resolver.txt(mtaStsRecordName(domain));
      return this.cache.recordFound(domain, parseMtaStsRecord(answer.type === "found" ? answer.records : []));
    } catch (error) {
      if (asFailure(error) === null) throw error;
      return this.cache.recordFailed(domain);
    }
  }

  async #fetch(domain: DomainName, id: string): Promise<MtaStsStep> {
    const { resolver, isForbidden, clock, log, httpsPort, ca, fetchMsMax = FETCH_MS_MAX } = this.options;
    try {
      const body = await httpsGet({
        host: mtaStsPolicyHost(domain),
        path: "/.well-known/mta-sts.txt", // RFC 8461 §3.3
        mediaType: "text/plain",
        bytesMax: POLICY_BYTES_MAX,
        timeMsMax: fetchMsMax,
        resolver,
        isForbidden,
        clock,
        ...(httpsPort === undefined ? {} : { port: httpsPort }),
        ...(ca === undefined ? {} : { ca }),
      });
      const step = this.cache.fetched(domain, id, body);
      this.#memory?.fetched();
      return step;
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      // RFC 8461 §3.3: whoever sends is to see that policies cannot be renewed.
      log.warn("no MTA-STS policy", { domain, id, error: describeError(failure) });
      const result = failure.kind === "invalid" ? "sts-webpki-invalid" : "sts-policy-fetch-error";
      return this.cache.fetchFailed(domain, id, result);
    }
  }
}
