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
  /** Memory of all of it together, in bytes: policies of strangers are quoted whole. */
  readonly bytesMax: number;
}

/** Limits that suit a server of middle size. */
export const TLS_REPORT_LIMITS: TlsReportLimits = {
  domainsMax: 10_000,
  policiesMax: 5,
  detailsMax: 50,
  bytesMax: 32 * 1024 * 1024,
};

/** What an entry takes beside its texts, in bytes. */
const ENTRY_BYTES = 256;

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
  bytes: number;
}

/** Counts what domains are told of our TLS with them, by UTC day. */
export class TlsReports {
  /** Sessions that found no more room, since the start. */
  dropped = 0;
  readonly #days = new Map<string, Day>();
  readonly #limits: TlsReportLimits;
  #bytes = 0;
  /** Days that were counted in since they were kept. */
  readonly #changed = new Set<string>();

  constructor(private readonly options: { readonly clock: Clock; readonly limits?: Partial<TlsReportLimits> }) {
    this.#limits = { ...TLS_REPORT_LIMITS, ...options.limits };
  }

  record({ domain, policy, failure }: TlsSession): void {
    if (this.#limits.domainsMax === 0) return;
    const day = this.#dayOf(domain, this.#todayMs());
    const counts = day === null ? null : this.#countsFor(day, policy);
    if (day === null || counts === null) return void this.dropped++;
    this.#changed.add(keyOf(day));
    if (failure === null) return void counts.successes++;
    counts.failures++;
    this.#detail(day, counts, failure, 1);
  }

  /** Adds what was counted in an earlier life. */
  restore(days: readonly DayReport[]): void {
    for (const { domain, dayMs, policies } of days) {
      for (const { policy, successes, failures, details } of policies) {
        const day = this.#dayOf(domain, dayMs);
        const counts = day === null ? null : this.#countsFor(day, policy);
        if (day === null || counts === null) {
          this.dropped += successes + failures;
          continue;
        }
        counts.successes += successes;
        counts.failures += failures;
        for (const { count, ...failure } of details) this.#detail(day, counts, failure, count);
      }
    }
  }

  #detail(day: Day, counts: Counts, failure: TlsFailure, count: number): void {
    const key = JSON.stringify([failure.result, failure.host, failure.sourceAddress, failure.address, failure.reason]);
    const detail = counts.details.get(key);
    if (detail !== undefined) detail.count += count;
    else if (counts.details.size < this.#limits.detailsMax && this.#takes(day, key)) {
      counts.details.set(key, { failure, count });
    }
  }

  /** At most so many of the days that were counted in since this was asked last, as they are now. */
  takeChanged(max: number): DayReport[] {
    const keys = [...this.#changed].slice(0, max);
    for (const key of keys) this.#changed.delete(key);
    return keys.flatMap((key) => {
      const day = this.#days.get(key);
      return day === undefined ? [] : reportOf(day);
    });
  }

  /** What was taken could not be kept. */
  changedAgain(days: readonly DayReport[]): void {
    for (const day of days) if (this.#days.has(keyOf(day))) this.#changed.add(keyOf(day));
  }

  /** The days that are over. They are forgotten here. */
  takeDue(): DayReport[] {
    const todayMs = this.#todayMs();
    const due = [...this.#days].filter(([, { dayMs }]) => dayMs !== todayMs);
    return due.flatMap(([key, day]) => {
      this.#days.delete(key);
      this.#changed.delete(key);
      this.#bytes -= day.bytes;
      // A day whose sessions all found no room has nothing to tell.
      return day.policies.size === 0 ? [] : reportOf(day);
    });
  }

  /** Whether days are over that were not taken yet. */
  get due(): boolean {
    const todayMs = this.#todayMs();
    return [...this.#days.values()].some(({ dayMs }) => dayMs !== todayMs);
  }

  #dayOf(domain: DomainName, dayMs: number): Day | null {
    const key = keyOf({ domain, dayMs });
    const known = this.#days.get(key);
    if (known !== undefined) return known;
    const day = { domain, dayMs, policies: new Map<string, Counts>(), bytes: 0 };
    if (this.#days.size >= this.#limits.domainsMax || !this.#takes(day, key)) return null;
    this.#days.set(key, day);
    return day;
  }

  #countsFor(day: Day, policy: AppliedPolicy): Counts | null {
    const key = JSON.stringify([policy.type, policy.lines, policy.hosts]);
    const known = day.policies.get(key);
    if (known !== undefined) return known;
    if (day.policies.size >= this.#limits.policiesMax || !this.#takes(day, key)) return null;
    const counts = { policy, successes: 0, failures: 0, details: new Map() };
    day.policies.set(key, counts);
    return counts;
  }

  /** Whether there is memory for an entry; it is kept twice, as key and as value. */
  #takes(day: Day, key: string): boolean {
    const bytes = ENTRY_BYTES + 2 * key.length;
    if (this.#bytes + bytes > this.#limits.bytesMax) return false;
    this.#bytes += bytes;
    day.bytes += bytes;
    return true;
  }

  #todayMs(): number {
    return Math.floor(this.options.clock.wallMs() / REPORT_DAY_MS) * REPORT_DAY_MS;
  }
}

function keyOf({ domain, dayMs }: Pick<DayReport, "domain" | "dayMs">): string {
  return `${dayMs} ${domain}`;
}

function reportOf({ domain, dayMs, policies }: Day): DayReport {
  return { domain, dayMs, policies: [...policies.values()].map(summary) };
}

function summary({ policy, successes, failures, details }: Counts): PolicySummary {
  return {
    policy,
    successes,
    failures,
    details: [...details.values()].map(({ failure, count }) => ({ ...failure, count })),
  };
}
