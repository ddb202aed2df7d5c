import { type Clock, utf8 } from "../../base/mod.ts";
import { type DomainName, parseDomain } from "../../mail/mod.ts";
import { type MtaStsPolicy, parseMtaStsPolicy, policyLines } from "./mta_sts_policy.ts";
import type { TlsResult } from "./verdict.ts";

/** How much is remembered, and for how long. */
export interface MtaStsLimits {
  /** Policies, and domains asked about. */
  readonly domainsMax: number;
  /** Memory of all policies together, in bytes. */
  readonly bytesMax: number;
  /** Time for which the answer to the question for a record holds, and after which a failed fetch is tried again, in ms. */
  readonly recordMsMax: number;
  /** Time for which a name server that did not answer is left alone, in ms: mail waits for each question. */
  readonly troubleMsMax: number;
  /** Age at which a policy is fetched anew though its id is the same, in ms. */
  readonly refreshMsMax: number;
  /** Time after which a fetch that no mail asked for is tried again when it brought nothing, in ms. */
  readonly refreshAgainMs: number;
}

/** RFC 8461 §3.3: five minutes between fetches, a refresh each day. */
export const MTA_STS_LIMITS: MtaStsLimits = {
  domainsMax: 10_000,
  bytesMax: 16 * 1024 * 1024,
  recordMsMax: 300_000,
  troubleMsMax: 60_000,
  refreshMsMax: 24 * 60 * 60 * 1000,
  refreshAgainMs: 60 * 60 * 1000,
};

/** A policy as it is kept over a restart. Plain data. */
export interface KeptPolicy {
  readonly domain: string;
  readonly id: string;
  /** ms since 1970 UTC. */
  readonly fetchedAtMs: number;
  /** When it is over, ms since 1970 UTC. */
  readonly endsAtMs: number;
  /** As it can be read again. */
  readonly text: string;
}

/** What to do next to know a domain's policy. */
export type MtaStsStep =
  /** Done: the policy that counts, or none; and what went wrong in getting the newest, for reports. */
  | { readonly type: "use"; readonly policy: MtaStsPolicy | null; readonly trouble: TlsResult | null }
  /** Ask the DNS for the TXT records, then call `recordFound` or `recordFailed`. */
  | { readonly type: "askRecord" }
  /** Fetch the policy, then call `fetched` or `fetchFailed` with this id. */
  | { readonly type: "fetch"; readonly id: string };

interface Policy {
  readonly id: string;
  readonly fetchedAtMs: number;
  readonly policy: MtaStsPolicy;
  readonly bytes: number;
  /** When it was last to be fetched again without a mail (monotonic). */
  readonly triedAtMs: number;
}

/** What was last heard of a domain's record, and until when it holds (monotonic). */
interface Asked {
  readonly untilMs: number;
  readonly id: string | null;
  /** What went wrong with the fetch of this id, and when (monotonic). */
  readonly trouble: { readonly result: TlsResult; readonly atMs: number } | null;
}

/** What an entry takes beside the names of its hosts, in bytes. */
const ENTRY_BYTES = 512;

/**
 * Remembers the policies of domains and says when to ask again. It asks nobody itself. What cannot be renewed counts until its time is
 * over, whatever DNS and web server say meanwhile (RFC 8461 §3.3, §5.1): whoever can silence them must not switch the policy off.
 */
export class MtaStsCache {
  /** Domains with a policy that was fetched since `takeFetched`. */
  readonly #fetched = new Set<DomainName>();
  // Apart, so that many domains without a policy cannot push out those with one. Least recently used first.
  readonly #policies = new Map<DomainName, Policy>();
  readonly #asked = new Map<DomainName, Asked>();
  readonly #limits: MtaStsLimits;
  #bytes = 0;

  constructor(private readonly options: { readonly clock: Clock; readonly limits?: Partial<MtaStsLimits> }) {
    this.#limits = { ...MTA_STS_LIMITS, ...options.limits };
  }

  /** Policies and domains that are remembered. */
  get size(): { readonly policies: number; readonly asked: number; readonly bytes: number } {
    return { policies: this.#policies.size, asked: this.#asked.size, bytes: this.#bytes };
  }

  /** The first step for a mail to this domain. */
  begin(domain: DomainName): MtaStsStep {
    const asked = this.#asked.get(domain);
    if (asked === undefined || this.#nowMs() >= asked.untilMs) return { type: "askRecord" };
    // The policy may have ended before the answer did.
    if (asked.id !== null && asked.trouble === null && this.#valid(domain) === null) return { type: "askRecord" };
    return this.#use(domain);
  }

  /** The id that the TXT records announce, or null for none. */
  recordFound(domain: DomainName, id: string | null): MtaStsStep {
    const before = this.#asked.get(domain);
    const trouble = before?.id === id ? before?.trouble ?? null : null;
    this.#setAsked(domain, { untilMs: this.#nowMs() + this.#limits.recordMsMax, id, trouble });
    if (id === null) return this.#use(domain);
    const known = this.#valid(domain);
    const ageMs = known === null ? Infinity : Math.abs(this.options.clock.wallMs() - known.fetchedAtMs);
    if (known?.id === id && ageMs < this.#refreshMs(known)) return this.#use(domain);
    if (trouble !== null && this.#nowMs() - trouble.atMs < this.#limits.recordMsMax) return this.#use(domain);
    return { type: "fetch", id };
  }

  /** The DNS did not answer: what is known goes on to count. */
  recordFailed(domain: DomainName): MtaStsStep {
    const before = this.#asked.get(domain);
    this.#setAsked(domain, {
      untilMs: this.#nowMs() + this.#limits.troubleMsMax,
      id: before?.id ?? null,
      trouble: before?.trouble ?? null,
    });
    return this.#use(domain);
  }

  /** The web server gave these bytes as policy. */
  fetched(domain: DomainName, id: string, body: Uint8Array): MtaStsStep {
    const policy = parseMtaStsPolicy(body);
    if (policy === null) return this.fetchFailed(domain, id, "sts-policy-invalid");
    this.#keep(domain, { id, fetchedAtMs: this.options.clock.wallMs(), policy });
    this.#fetched.add(domain);
    this.#setAsked(domain, { untilMs: this.#nowMs() + this.#limits.recordMsMax, id, trouble: null });
    return { type: "use", policy, trouble: null }; // This once even with a life of 0 seconds.
  }

  /** The policy of this id could not be had. */
  fetchFailed(domain: DomainName, id: string, result: TlsResult): MtaStsStep {
    const nowMs = this.#nowMs();
    this.#setAsked(domain, { untilMs: nowMs + this.#limits.recordMsMax, id, trouble: { result, atMs: nowMs } });
    return this.#use(domain);
  }

  /** A delivery failed by the policy: look for a newer one before the next try (RFC 8461 §5.1). */
  recheck(domain: DomainName): void {
    const asked = this.#asked.get(domain);
    // A fetch that failed a moment ago is not tried again for that.
    if (asked !== undefined) this.#asked.set(domain, { ...asked, untilMs: -Infinity });
  }

  /** Policies that were fetched since this was last asked, to be kept over a restart; without those that are over or forgotten. */
  takeFetched(): KeptPolicy[] {
    const domains = [...this.#fetched];
    this.#fetched.clear();
    return domains.flatMap((domain) => {
      const found = this.#valid(domain);
      if (found === null) return [];
      const { id, fetchedAtMs, policy } = found;
      // Without blanks: never longer than what was fetched, so that it can be read again.
      const text = policyLines(policy).map((line) => `${line.replace(": ", ":")}\n`).join("");
      return { domain, id, fetchedAtMs, endsAtMs: endOf(found), text };
    });
  }

  /** Domains whose policy is to be fetched again though no mail asks for it, those fetched longest ago first (RFC 8461 §3.3). */
  due(): DomainName[] {
    const [nowMs, wallMs] = [this.#nowMs(), this.options.clock.wallMs()];
    const due = [...this.#policies].filter(([domain, found]) =>
      found.policy.mode !== "none" && this.#valid(domain) !== null &&
      Math.abs(wallMs - found.fetchedAtMs) >= this.#refreshMs(found) &&
      nowMs - found.triedAtMs >= this.#limits.refreshAgainMs
    );
    return due.sort(([, a], [, b]) => a.fetchedAtMs - b.fetchedAtMs).map(([domain]) => domain);
  }

  /** The first step for one of those. */
  beginRefresh(domain: DomainName): MtaStsStep {
    const found = this.#policies.get(domain);
    if (found !== undefined) this.#policies.set(domain, { ...found, triedAtMs: this.#nowMs() });
    return { type: "askRecord" };
  }

  /** Takes back what was kept, without what is malformed or over. */
  import(kept: readonly KeptPolicy[]): void {
    const nowMs = this.options.clock.wallMs();
    for (const { domain: name, id, fetchedAtMs, text } of kept.slice(-this.#limits.domainsMax)) {
      const [domain, policy] = [parseDomain(name), parseMtaStsPolicy(utf8(text))];
      if (domain === null || policy === null || this.#policies.has(domain)) continue;
      // From a clock that was ahead: it must not last longer than it would from this moment.
      this.#keep(domain, { id, fetchedAtMs: Math.min(fetchedAtMs, nowMs), policy });
      this.#valid(domain);
    }
  }

  #use(domain: DomainName): MtaStsStep {
    const found = this.#valid(domain);
    if (found !== null) {
      this.#policies.delete(domain);
      this.#policies.set(domain, found);
    }
    return { type: "use", policy: found?.policy ?? null, trouble: this.#asked.get(domain)?.trouble?.result ?? null };
  }

  /** The policy that counts; one whose time is over is forgotten. */
  #valid(domain: DomainName): Policy | null {
    const found = this.#policies.get(domain);
    if (found === undefined) return null;
    if (this.options.clock.wallMs() < endOf(found)) return found;
    this.#forget(domain, found);
    return null;
  }

  #keep(domain: DomainName, found: Omit<Policy, "bytes" | "triedAtMs">): void {
    const before = this.#policies.get(domain);
    if (before !== undefined) this.#forget(domain, before);
    const bytes = found.policy.mx.reduce((sum, host) => sum + host.length + 32, ENTRY_BYTES);
    this.#policies.set(domain, { ...found, bytes, triedAtMs: -Infinity });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#policies) {
      if (this.#policies.size <= this.#limits.domainsMax && this.#bytes <= this.#limits.bytesMax) break;
      this.#forget(oldest, entry);
    }
  }

  #forget(domain: DomainName, { bytes }: Policy): void {
    this.#policies.delete(domain);
    this.#bytes -= bytes;
  }

  #setAsked(domain: DomainName, asked: Asked): void {
    this.#asked.delete(domain);
    this.#asked.set(domain, asked);
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= this.#limits.domainsMax) break;
      this.#asked.delete(oldest);
    }
  }

  /** Age from which a policy is fetched again: a day, or half its life where that is shorter. */
  #refreshMs({ policy }: Policy): number {
    return Math.min(this.#limits.refreshMsMax, policy.maxAgeSeconds * 500);
  }

  #nowMs(): number {
    return this.options.clock.monotonicMs();
  }
}

function endOf({ fetchedAtMs, policy }: Policy): number {
  return fetchedAtMs + policy.maxAgeSeconds * 1_000;
}
