import type { DomainName } from "../../mail/mod.ts";
import type { PeerCertificates } from "../../net/mod.ts";
import {
  type AppliedPolicy,
  type PeerVerdict,
  policyLines,
  type TlsFailure,
  type TlsResult,
  type TransportAllowed,
  type TransportDecision,
  type TransportFacts,
  verifyPeer,
  verifyPkix,
} from "../../policy/mod.ts";

/** How a connection to a target is protected, and who is told how that went. */
export interface TargetSecurity {
  readonly decision: TransportAllowed;
  /** Null: nobody. */
  readonly report: TargetReport | null;
}

/** By what a connection is counted in the reports of a domain. */
export interface TargetReport {
  readonly domain: DomainName;
  readonly policy: AppliedPolicy;
  /** What was wrong before there was a connection, though it did not stop it. */
  readonly remark: TlsResult | null;
}

/** What was found of a server's certificate. */
export interface Finding {
  /** By what the decision asks for. */
  readonly verdict: PeerVerdict;
  /** By a policy in testing, or null. */
  readonly tested: PeerVerdict | null;
}

/** The policy that a decision was made by, as reports quote it (RFC 8460 §4.4). */
export function appliedPolicy({ policy }: TransportDecision, { mtaSts, dane, host }: TransportFacts): AppliedPolicy {
  if (policy === "tlsa") {
    const records = dane.type === "usable" ? dane.records : [];
    return {
      type: "tlsa",
      lines: records.map(({ usage, selector, matching, data }) => `${usage} ${selector} ${matching} ${hex(data)}`),
      hosts: [host],
    };
  }
  if (policy === "sts" && mtaSts !== null) return { type: "sts", lines: policyLines(mtaSts), hosts: mtaSts.mx };
  return { type: "no-policy-found", lines: [], hosts: [] };
}

/** Whether the server's certificates are looked at at all: where nothing hangs on them, that is saved. */
export function isChecked({ decision: { level, testing } }: TargetSecurity): boolean {
  return level === "verify-dane" || level === "verify-pkix" || testing !== null;
}

/** Checks a server's certificates by what was decided. */
export function findingOf({ decision }: TargetSecurity, peer: PeerCertificates, nowMs: number): Finding {
  const { testing, names } = decision;
  return {
    verdict: verifyPeer(decision, peer, nowMs),
    tested: testing === null
      ? null
      : testing.hostMatches
      ? verifyPkix(peer, names, nowMs)
      : { ok: false, result: "validation-failure", text: "the MTA-STS policy does not name the host" },
  };
}

/** What a session over TLS is counted as: null is a success. */
export function failureOf({ verdict, tested }: Finding): Pick<TlsFailure, "result" | "reason"> | null {
  const wrong = [verdict, tested].find((each) => each?.ok === false);
  return wrong?.ok === false ? { result: wrong.result, reason: wrong.text } : null;
}

/** What tells two ways of protection apart: mails share a connection only where it is the same. */
export function securityKey({ decision: { level, names, tlsa, testing } }: TargetSecurity): unknown {
  const records = tlsa.map(({ usage, selector, matching, data }) => [usage, selector, matching, hex(data)]);
  return [level, names, records, testing];
}

/** For the report: by what the certificate was verified, or null when it was not. */
export function verifiedBy({ verdict }: Finding): string | null {
  return verdict.ok && verdict.by !== "nothing" ? verdict.by : null;
}

function hex(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += byte.toString(16).padStart(2, "0");
  return text;
}
