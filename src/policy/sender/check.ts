import type { Resolver } from "../../base/mod.ts";
import { parseDomain } from "../../mail/mod.ts";
import { verifyArc } from "../arc/mod.ts";
import { verifyDkim } from "../dkim/mod.ts";
import { authorOfMessage, checkDmarc, type Identifier } from "../dmarc/mod.ts";
import { authenticationResults, type MethodResult, readMessage } from "../header/mod.ts";
import { plainIp } from "../ip.ts";
import { checkSpf } from "../spf/mod.ts";
import { type Disposition, dispositionOf, type Findings } from "./disposition.ts";
import { checkIprev, type IprevVerdict } from "./iprev.ts";

/** A message from outside, and who brought it. */
export interface SenderQuery {
  readonly ip: string;
  readonly helo: string;
  /** Reverse-path without brackets; "" for the null one. */
  readonly sender: string;
  readonly parts: readonly Uint8Array[];
}

/** What a check needs to know of us and of the world. */
export interface SenderWorld {
  readonly resolver: Resolver;
  readonly nowSeconds: number;
  /** Our name in the field (RFC 8601 §2.5), and for %{r} of SPF. */
  readonly authservId: string;
  /** Domains whose ARC seals are believed, in lower case. */
  readonly trustedSealers: readonly string[];
}

/** All that was found out, the field that tells it, and what is to be done. */
export interface SenderVerdict extends Findings {
  readonly iprev: IprevVerdict;
  /** Signatures beyond those that were looked at. */
  readonly ignoredSignatures: number;
  /** The Authentication-Results field with its CRLF. */
  readonly field: string;
  readonly disposition: Disposition;
}

/** Checks a message's sender in every way. Never rejects because of the DNS, or of what the message holds. */
export async function checkSender(query: SenderQuery, world: SenderWorld): Promise<SenderVerdict> {
  const { resolver, nowSeconds, authservId, trustedSealers } = world;
  const message = readMessage(query.parts);
  const { helo, sender } = query;
  const ip = plainIp(query.ip);
  const [iprev, spf, { verdicts: dkim, ignored }, arc] = await Promise.all([
    checkIprev(ip, resolver),
    checkSpf({ ip, helo, sender, receiver: authservId, nowSeconds }, resolver),
    verifyDkim(message, { resolver, nowSeconds }),
    verifyArc(message, { resolver, nowSeconds }),
  ]);
  const dmarc = await checkDmarc(authorOfMessage(message), identifiersOf({ spf, dkim }), resolver);
  const findings: Findings = { spf, dkim, arc, dmarc };
  const field = authenticationResults(authservId, resultsOf(ip, { ...findings, iprev, ignored }));
  return {
    ...findings,
    iprev,
    ignoredSignatures: ignored,
    field,
    disposition: dispositionOf(findings, trustedSealers),
  };
}

/** The domains that may be aligned; those the DNS did not answer for are unknown, not wrong. */
function identifiersOf({ spf, dkim }: Pick<Findings, "spf" | "dkim">): Identifier[] {
  const all = [
    { method: "spf" as const, domain: spf.domain, result: spf.result },
    ...dkim.map(({ domain, result }) => ({ method: "dkim" as const, domain, result })),
  ];
  return all.flatMap(({ method, domain, result }) => {
    const name = domain === null ? null : parseDomain(domain);
    if (name === null || (result !== "pass" && result !== "temperror")) return [];
    return [{ method, domain: name, passes: result === "pass" }];
  });
}

/** What the field tells, method by method (RFC 8601 §2.7, RFC 8617 §10.2, RFC 9989 §9.1). */
function resultsOf(
  ip: string,
  { spf, dkim, arc, dmarc, iprev, ignored }: Findings & { readonly iprev: IprevVerdict; readonly ignored: number },
): MethodResult[] {
  const signatures: MethodResult[] = dkim.map((verdict) => ({
    method: "dkim",
    result: verdict.result,
    comment: verdict.testing
      ? [verdict.reason, "test mode"].filter((text) => text !== null).join(", ")
      : verdict.reason,
    properties: [
      ["header.d", verdict.domain],
      ["header.s", verdict.selector],
      ["header.a", verdict.algorithm],
      ["header.b", verdict.start],
    ],
  }));
  const more = ignored > 0 ? `${ignored} more signatures were not looked at` : null;
  return [
    { method: "iprev", result: iprev.result, comment: iprev.name, properties: [["policy.iprev", ip]] },
    {
      method: "spf",
      result: spf.result,
      comment: spf.problem,
      properties: [[spf.identity === "helo" ? "smtp.helo" : "smtp.mailfrom", spf.domain]],
    },
    ...signatures,
    ...(signatures.length === 0 || more !== null
      ? [{ method: "dkim", result: signatures.length === 0 ? "none" : "policy", comment: more, properties: [] }]
      : []),
    { method: "arc", result: arc.result, comment: arc.reason ?? sealed(arc.sealer), properties: [] },
    {
      method: "dmarc",
      result: dmarc.result,
      comment: dmarc.reason,
      properties: [["header.from", dmarc.domain], ["policy.dmarc", dmarc.policy]],
    },
  ];
}

function sealed(sealer: string | null): string | null {
  return sealer === null ? null : `sealed by ${sealer}`;
}
