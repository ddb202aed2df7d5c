import type { TlsFailure, TlsResult } from "../../policy/mod.ts";
import { Conversation, type OpenFailure } from "./conversation.ts";
import { failureOf } from "./security.ts";
import type { Found, Target } from "./targets.ts";
import type { TransportPolicies } from "./transport_policies.ts";

/** Counts a host that its domain's policy keeps us from. */
export function countRefused(
  { reports, cache }: TransportPolicies,
  { report: { domain, policy, remark }, host, reason }: Extract<Found, { type: "refused" }>,
): void {
  const result = remark ?? "validation-failure";
  reports.record({ domain, policy, failure: { result, host, sourceAddress: null, address: null, reason } });
  cache.recheck(domain);
}

/** Counts a session with a host, or that there is none for want of TLS; no connection at all says nothing of TLS. */
export function countOpened(
  { reports, cache }: TransportPolicies,
  { name, address, security: { report, decision } }: Target,
  opened: Conversation | OpenFailure,
): void {
  if (report === null) return;
  const { domain, policy, remark } = report;
  const wrong = opened instanceof Conversation ? inSession(opened, remark) : withoutSession(opened);
  if (wrong === undefined) return;
  const sourceAddress = opened instanceof Conversation ? opened.localAddress : null;
  reports.record({ domain, policy, failure: wrong === null ? null : { ...wrong, host: name, sourceAddress, address } });
  // RFC 8461 §5.1: before the mail is given up, a newer policy is looked for.
  if (wrong !== null && decision.policy === "sts") cache.recheck(domain);
}

type Wrong = Pick<TlsFailure, "result" | "reason">;

function inSession({ tls, finding }: Conversation, remark: TlsResult | null): Wrong | null {
  if (tls === null) return { result: "starttls-not-supported", reason: null };
  const wrong = finding === null ? null : failureOf(finding);
  return wrong ?? (remark === null ? null : { result: remark, reason: null });
}

/** Undefined: TLS is not why. */
function withoutSession({ stage, problem, finding }: OpenFailure): Wrong | undefined {
  if (stage !== "tls") return undefined;
  const wrong = finding === null ? null : failureOf(finding);
  if (wrong !== null) return wrong;
  // X.7.10: encryption needed. Anything else came of the handshake.
  if (problem.status === "4.7.10") return { result: "starttls-not-supported", reason: null };
  return { result: "validation-failure", reason: "the handshake failed" };
}
