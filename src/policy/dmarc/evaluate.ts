import { asFailure, type Resolver } from "../../base/mod.ts";
import type { DomainName } from "../../mail/mod.ts";
import type { Author } from "./author.ts";
import { type DmarcPolicy, milder } from "./record.ts";
import { organizationalDomain, policyRecord, walkTree } from "./tree_walk.ts";

/** Domains whose alignment is looked at; those of a mail's own signatures and of SPF are fewer. */
const IDENTIFIERS_MAX = 11;

/** A domain that a mechanism vouches for. */
export interface Identifier {
  readonly method: "spf" | "dkim";
  readonly domain: string;
  /** False when the DNS did not answer: then nobody knows. */
  readonly passes: boolean;
}

/** Results of DMARC (RFC 9989 §9.1, RFC 8601 §2.7). */
export type DmarcResult = "none" | "pass" | "fail" | "temperror" | "permerror";

/** What DMARC says of a message: one decision, whatever its From field looks like. */
export interface DmarcVerdict {
  readonly result: DmarcResult;
  /** What is to be done: `pass` when it may go on, `none` when nobody asks for anything. */
  readonly decision: "none" | "pass" | "quarantine" | "reject";
  /** The author domain that decided. */
  readonly domain: string | null;
  /** p, sp or np as it holds for that domain, t= counted in. */
  readonly policy: DmarcPolicy | null;
  /** The domain whose record it is. */
  readonly policyDomain: string | null;
  /** In a few plain words; null for none and pass. */
  readonly reason: string | null;
}

const NOTHING = { domain: null, policy: null, policyDomain: null } as const;

/** What a From field that has no one meaning gets. */
const DEFECTS: Readonly<Record<Exclude<Author["type"], "found">, string>> = {
  missing: "no author",
  several: "more than one From field",
  malformed: "malformed From field",
};

/**
 * Judges a message by its author domains (RFC 9989 §5.3.1). Several are judged each, and the strictest decision holds; a From field
 * with no one meaning is rejected (RFC 7489 §6.6.1, RFC 9989 §5.3.1).
 */
export async function checkDmarc(
  author: Author,
  identifiers: readonly Identifier[],
  resolver: Resolver,
): Promise<DmarcVerdict> {
  if (author.type !== "found") {
    return { ...NOTHING, result: "permerror", decision: "reject", reason: DEFECTS[author.type] };
  }
  let worst: DmarcVerdict | null = null;
  for (const domain of author.domains) {
    const verdict = await checkDomain(domain, identifiers.slice(0, IDENTIFIERS_MAX), resolver);
    if (worst === null || rank(verdict) > rank(worst)) worst = verdict;
  }
  return worst!;
}

/** A message passes only if every author domain lets it. */
function rank({ result, decision }: DmarcVerdict): number {
  const order = ["pass", "none", "temperror", "permerror", "fail"];
  return order.indexOf(result) + (decision === "quarantine" ? 10 : decision === "reject" ? 20 : 0);
}

async function checkDomain(
  domain: DomainName,
  identifiers: readonly Identifier[],
  resolver: Resolver,
): Promise<DmarcVerdict> {
  try {
    return await judge(domain, identifiers, resolver);
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return { ...NOTHING, domain, result: "temperror", decision: "none", reason: "DNS failure" };
  }
}

async function judge(
  domain: DomainName,
  identifiers: readonly Identifier[],
  resolver: Resolver,
): Promise<DmarcVerdict> {
  const found = await walkTree(domain, resolver);
  const applied = policyRecord(domain, found);
  if (applied === null || !applied.record.usable) {
    return { ...NOTHING, domain, result: "none", decision: "none", reason: null };
  }
  const { record, domain: policyDomain } = applied;
  const organization = organizationalDomain(domain, found);
  const strict = { dkim: record.strictDkim, spf: record.strictSpf };
  let unknown = false;
  for (const { method, domain: identifier, passes } of identifiers) {
    const aligned = strict[method]
      ? identifier === domain
      : await isAligned(identifier, { domain, organization }, resolver);
    if (!aligned) continue;
    if (passes) return { result: "pass", decision: "pass", domain, policy: record.policy, policyDomain, reason: null };
    unknown = true;
  }
  if (unknown) return { ...NOTHING, domain, result: "temperror", decision: "none", reason: "DNS failure" };
  let policy = record.policy;
  if (policyDomain !== domain) {
    policy = record.subdomainPolicy ?? record.policy;
    if (record.nonexistentPolicy !== null && !await exists(domain, resolver)) policy = record.nonexistentPolicy;
  }
  if (record.testing) policy = milder(policy);
  return { result: "fail", decision: policy, domain, policy, policyDomain, reason: "nothing that passes is aligned" };
}

/** Relaxed alignment: both have the same organizational domain (RFC 9989 §4.10.2). */
async function isAligned(
  identifier: string,
  author: { readonly domain: string; readonly organization: string },
  resolver: Resolver,
): Promise<boolean> {
  if (identifier === author.domain) return true;
  // An organizational domain is the name itself or one above it: nothing else can be aligned.
  if (identifier !== author.organization && !identifier.endsWith(`.${author.organization}`)) return false;
  return organizationalDomain(identifier, await walkTree(identifier, resolver)) === author.organization;
}

/** A name exists unless the DNS says NXDOMAIN (RFC 8020 §2, RFC 9989 appendix A.4). */
async function exists(domain: string, resolver: Resolver): Promise<boolean> {
  return (await resolver.a(domain)).type !== "nxdomain";
}
