import type { TlsaRecord } from "../../base/mod.ts";
import type { DaneFinding } from "./dane.ts";
import { matchesMx, type MtaStsPolicy } from "./mta_sts_policy.ts";
import type { TlsResult } from "./verdict.ts";

/**
 * What must be true of a connection before mail goes over it. `none`: no TLS; `opportunistic`: TLS if offered, unchecked, else in the
 * clear (RFC 7435); `encrypt`: TLS, unchecked; `verify-dane`: a certificate by TLSA records; `verify-pkix`: one that leads to an
 * authority that this machine trusts.
 */
export type TlsLevel = "none" | "opportunistic" | "encrypt" | "verify-dane" | "verify-pkix";

/** All that bears on one host of one destination. */
export interface TransportFacts {
  /** The domain that the mail is for, as lower-case A-labels. */
  readonly destination: string;
  /** The host that is about to be tried, likewise. */
  readonly host: string;
  /** The host came from MX records; false: the domain stands for itself. */
  readonly byMx: boolean;
  /** Whether the answer that led to the host was validated. */
  readonly mxSecure: boolean;
  readonly dane: DaneFinding;
  /** The name below which the TLSA records stand: the host, or what it is an alias of. */
  readonly tlsaBase: string;
  /** What the destination is an alias of, if anything. */
  readonly destinationAlias: string | null;
  /** The destination's MTA-STS policy; null: none, or not looked at. */
  readonly mtaSts: MtaStsPolicy | null;
  /** The mail has REQUIRETLS, and is no report of non-delivery. */
  readonly requireTls: boolean;
}

/** The policy by which a connection is counted in reports (RFC 8460 §4.4). */
export type ReportedPolicy = "tlsa" | "sts" | "no-policy-found";

/** How mail may go to a host, or why it may not. */
export type TransportDecision =
  | {
    readonly mayUseHost: true;
    readonly level: TlsLevel;
    /** Names of which the certificate must have one; the first is the one to ask for (SNI). */
    readonly names: readonly string[];
    /** Usable records, with `verify-dane` only. */
    readonly tlsa: readonly TlsaRecord[];
    readonly policy: ReportedPolicy;
    /** Check as for `verify-pkix`, but only to report it: a policy that its domain is testing. `hostMatches`: it names the host. */
    readonly testing: { readonly hostMatches: boolean } | null;
    /** What is to be reported though mail may go. */
    readonly remark: TlsResult | null;
    readonly why: string;
  }
  | {
    readonly mayUseHost: false;
    readonly policy: ReportedPolicy;
    /** `failed`: for good, as the mail asks for what will not come (RFC 8689 §4.2.1). */
    readonly action: "deferred" | "failed";
    /** RFC 3463. */
    readonly status: string;
    readonly result: TlsResult;
    readonly why: string;
  };

/** The way is open. */
export type TransportAllowed = Extract<TransportDecision, { mayUseHost: true }>;

/** Decides for one host: DANE, else MTA-STS, else what there is (RFC 8461 §2); REQUIRETLS raises it. */
export function decideTransport(facts: TransportFacts): TransportDecision {
  const { dane, mtaSts, host } = facts;
  // Whatever MTA-STS may say of the host: its verdict never stands in for one of DANE (RFC 8461 §2).
  if (dane.type === "failed") {
    // X.4.3: directory server failure.
    return refused("tlsa", "deferred", {
      status: "4.4.3",
      result: "dnssec-invalid",
      why: `the TLSA records of ${host} could not be looked up`,
    });
  }
  if (dane.type === "usable") return byDane(facts, dane.records);
  if (mtaSts?.mode === "enforce") return byMtaSts(facts, mtaSts);
  if (facts.requireTls) return requiringTls(facts);
  const testing = mtaSts?.mode === "testing" ? { hostMatches: matchesMx(mtaSts, host) } : null;
  const policy = dane.type === "unusable" ? "tlsa" : testing === null ? "no-policy-found" : "sts";
  const common = { names: [host], policy, testing } as const;
  // RFC 7672 §2.2: that there are records says that there is TLS.
  if (dane.type === "unusable") {
    return allowed("encrypt", { ...common, remark: "tlsa-invalid", why: "DANE without a usable TLSA record" });
  }
  return allowed("opportunistic", { ...common, why: testing === null ? "no policy" : "MTA-STS, in testing" });
}

function byDane(facts: TransportFacts, records: readonly TlsaRecord[]): TransportAllowed {
  const { tlsaBase, destination, destinationAlias, byMx } = facts;
  // RFC 7672 §3.2.2: where the records stand, and the domain that led there securely, under both its names.
  const names = [tlsaBase, destination, ...(byMx && destinationAlias !== null ? [destinationAlias] : [])];
  return allowed("verify-dane", { names: [...new Set(names)], tlsa: records, policy: "tlsa", why: "DANE" });
}

function byMtaSts({ host, dane }: TransportFacts, policy: MtaStsPolicy): TransportDecision {
  if (!matchesMx(policy, host)) { // RFC 8461 §4.1, §5
    return refused("sts", "deferred", {
      status: "4.7.5",
      result: "validation-failure",
      why: `the MTA-STS policy does not name ${host}`,
    });
  }
  const remark = dane.type === "unusable" ? "tlsa-invalid" : null;
  return allowed("verify-pkix", { names: [host], policy: "sts", remark, why: "MTA-STS" });
}

/** RFC 8689 §4.2.1: the way to the host must be vouched for, and so must its certificate. */
function requiringTls({ host, byMx, mxSecure, mtaSts }: TransportFacts): TransportDecision {
  // A policy in testing vouches too: whether mail goes without is this mail's own business.
  const named = mtaSts !== null && mtaSts.mode !== "none" && matchesMx(mtaSts, host);
  if (byMx && !mxSecure && !named) {
    return refused("no-policy-found", "failed", {
      status: "5.7.10",
      result: "validation-failure",
      why: `REQUIRETLS, but neither DNSSEC nor MTA-STS vouches for ${host}`,
    });
  }
  return allowed("verify-pkix", { names: [host], policy: named ? "sts" : "no-policy-found", why: "REQUIRETLS" });
}

/** How mail may go to the host of a route: as its operator said, who vouches for it, but never below what the mail asks for. */
export function decideRoute(
  { tls, verify, host, requireTls }: {
    readonly tls: "none" | "opportunistic" | "required" | "implicit";
    /** False takes any certificate. */
    readonly verify: boolean;
    /** A name, or an IP address. */
    readonly host: string;
    readonly requireTls: boolean;
  },
): TransportAllowed {
  const common = { names: [host], policy: "no-policy-found" } as const;
  if (requireTls) return allowed("verify-pkix", { ...common, why: "REQUIRETLS" }); // RFC 8689 §4.2.1
  const why = `route: ${tls}`;
  if (tls === "none" || tls === "opportunistic") return allowed(tls, { ...common, why });
  return allowed(verify ? "verify-pkix" : "encrypt", { ...common, why });
}

function allowed(
  level: TlsLevel,
  rest:
    & Pick<TransportAllowed, "names" | "policy" | "why">
    & Partial<Pick<TransportAllowed, "tlsa" | "testing" | "remark">>,
): TransportAllowed {
  return { mayUseHost: true, level, tlsa: [], testing: null, remark: null, ...rest };
}

function refused(
  policy: ReportedPolicy,
  action: "deferred" | "failed",
  rest: { readonly status: string; readonly result: TlsResult; readonly why: string },
): TransportDecision {
  return { mayUseHost: false, policy, action, ...rest };
}
