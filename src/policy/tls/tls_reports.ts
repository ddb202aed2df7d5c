import type { Clock } from "../../base/mod.ts";
import type { DomainName } from "../../mail/mod.ts";
import type { ReportedPolicy } from "./decision.ts";
import type { TlsResult } from "./verdict.ts";

/** The policy that a connection was made by, as it is told to the domain (RFC 8460 §4.4). */
export interface AppliedPolicy {
  readonly type: ReportedPolicy;
  /** The policy as it was found: lines of MTA-STS, or TLSA records. */
  readonly lines: readonly string[];
  /** Hosts that the policy is for: patterns of MTA-STS, or the host with TLSA records. */
  readonly hosts: readonly string[];
}

/** A connection to a host of a domain, or the try to have one. */
export interface TlsSession {
  readonly domain: DomainName;
  readonly policy: AppliedPolicy;
  readonly failure: TlsFailure | null;
}

/** Why there was no TLS as it should be. */
export interface TlsFailure {
  readonly result: TlsResult;
  /** The host's name in the MX record; null when it did not come so far. */
  readonly host: string | null;
  /** Our address and the host's, where there was a connection. */
  readonly sourceAddress: string | null;
  readonly address: string | null;
  /** What exactly, for people; never a stranger's text. */
  readonly reason: string | null;
}

/** What happened on one UTC day between us and a domain. Plain data. */
export interface DayReport {
  readonly domain: DomainName;
  /** Begin of the day, ms since 1970 UTC. */
  readonly dayMs: number;
  readonly policies: readonly PolicySummary[];
}

/** Sessions by one policy. */
export interface PolicySummary {
  readonly policy: AppliedPolicy;
  readonly successes: number;
  readonly failures: number;
  /** The first kinds of failure; all others are in `failures` only. */
  readonly details: readonly (TlsFailure & { readonly count: number })[];
}

/** How much is counted at a time. */
export interface TlsReportLimits {
  /** Domains of all days together; 0: nothing is counted. */
  readonly domainsMax: number;
  /** Policies of one domain and day: they may change. */
  readonly policiesMax: number;
  /** Kinds of failure by one policy. */
  readonly detailsMax: number;
}

/** Limits that suit a server of middle size. */
export const TLS_REPORT_LIMITS: TlsReportLimits = { domainsMax: 10_000, policiesMax: 5, detailsMax: 50 };

/** A day, in ms: what a report covers (RFC 8460 §4.1). */
export const REPORT_DAY_MS = 24 * 60 * 60 * 1000;

interface Counts {
  readonly policy: AppliedPolicy;
  successes: number;
  failures: number;
  readonly details: Map<string, { readonly failure: TlsFailure; count: number }>;
}

interface Day {
  readonly domain: DomainName;
  readonly dayMs: number;
  readonly policies: Map<string, Counts>;
}

/** Counts what domains are told of our TLS with them, by UTC day. */
export class TlsReports {
  /** Sessions that found no more room, since the start. */
  dropped = 0;
  readonly #days = new Map<string, Day>();
  readonly #limits: TlsReportLimits;

  constructor(private readonly options: { readonly clock: Clock; readonly limits?: Partial<TlsReportLimits> }) {
    this.#limits = { ...TLS_REPORT_LIMITS, ...options.limits };
  }

  record({ domain, policy, failure }: TlsSession): void {
    if (this.#limits.domainsMax === 0) return;
    const counts = this.#countsFor(domain, policy);
    if (counts === null) return void this.dropped++;
    if (failure === null) return void counts.successes++;
    counts.failures++;
    const key = JSON.stringify([failure.result, failure.host, failure.sourceAddress, failure.address, failure.reason]);
    const detail = counts.details.get(key);
    if (detail !== undefined) detail.count++;
    else if (counts.details.size < this.#limits.detailsMax) counts.details.set(key, { failure, count: 1 });
  }

  /** The days that are over. They are forgotten here. */
  takeDue(): DayReport[] {
    const todayMs = this.#todayMs();
    const due = [...this.#days].filter(([, { dayMs }]) => dayMs !== todayMs);
    return due.map(([key, { domain, dayMs, policies }]) => {
      this.#days.delete(key);
      return { domain, dayMs, policies: [...policies.values()].map(summary) };
    });
  }

  #countsFor(domain: DomainName, policy: AppliedPolicy): Counts | null {
    const dayMs = this.#todayMs();
    const key = `${dayMs} ${domain}`;
    const day = this.#days.get(key) ?? { domain, dayMs, policies: new Map<string, Counts>() };
    if (!this.#days.has(key) && this.#days.size >= this.#limits.domainsMax) return null;
    const policyKey = JSON.stringify([policy.type, policy.lines, policy.hosts]);
    const counts = day.policies.get(policyKey) ?? { policy, successes: 0, failures: 0, details: new Map() };
    if (!day.policies.has(policyKey) && day.policies.size >= this.#limits.policiesMax) return null;
    this.#days.set(key, day);
    day.policies.set(policyKey, counts);
    return counts;
  }

  #todayMs(): number {
    return Math.floor(this.options.clock.wallMs() / REPORT_DAY_MS) * REPORT_DAY_MS;
  }
}

function summary({ policy, successes, failures, details }: Counts): PolicySummary {
  return {
    policy,
    successes,
    failures,
    details: [...details.values()].map(({ failure, count }) => ({ ...failure, count })),
  };
}
