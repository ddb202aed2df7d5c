import { trimBlanks } from "../header/mod.ts";

/** What a domain wants to be done with mail that fails (RFC 9989 §4.7). */
export type DmarcPolicy = "none" | "quarantine" | "reject";

/** Longest record that is read, in characters. */
export const DMARC_RECORD_CHARS_MAX = 8_192;

/** A policy record, as far as a receiver that sends no reports needs it (RFC 9989 §4.7). */
export interface DmarcRecord {
  readonly policy: DmarcPolicy;
  /** sp: for subdomains that exist; null when not said. */
  readonly subdomainPolicy: DmarcPolicy | null;
  /** np: for subdomains that do not exist; null when not said. */
  readonly nonexistentPolicy: DmarcPolicy | null;
  readonly strictDkim: boolean;
  readonly strictSpf: boolean;
  /** t=y, or the historic pct=0, which meant the same: the policy is one step milder. */
  readonly testing: boolean;
  /** psd=: whether the domain is a public suffix; null when not said. */
  readonly publicSuffix: "y" | "n" | null;
  /** False when no valid policy is given and no reports are asked for: then there is nothing to do (RFC 9989 §4.10.1). */
  readonly usable: boolean;
}

/** The record in a TXT record, or null when it is none: the version comes first and is exact. */
export function parseDmarcRecord(text: string): DmarcRecord | null {
  if (text.length > DMARC_RECORD_CHARS_MAX) return null;
  const tags = new Map<string, string>();
  for (const [i, spec] of text.split(";").entries()) {
    const equals = spec.indexOf("=");
    const name = trimBlanks(spec.slice(0, Math.max(0, equals)));
    const value = trimBlanks(spec.slice(equals + 1));
    if (i === 0 && (name !== "v" || value !== "DMARC1")) return null;
    // What is no tag at all is passed over, so that a stray semicolon does not unprotect a domain.
    if (equals < 0 || name === "") continue;
    // A tag that comes twice makes the list invalid (RFC 6376 §3.2).
    if (tags.has(name)) return null;
    tags.set(name, value);
  }
  const valid = isPolicy(tags, "p") && isPolicyOrAbsent(tags, "sp") && isPolicyOrAbsent(tags, "np");
  const lower = (name: string) => tags.get(name)?.toLowerCase();
  const psd = lower("psd");
  return {
    policy: valid ? policyOf(tags, "p")! : "none",
    subdomainPolicy: valid ? policyOf(tags, "sp") : null,
    nonexistentPolicy: valid ? policyOf(tags, "np") : null,
    strictDkim: lower("adkim") === "s",
    strictSpf: lower("aspf") === "s",
    testing: tags.has("t") ? lower("t") === "y" : tags.get("pct") === "0",
    publicSuffix: psd === "y" || psd === "n" ? psd : null,
    usable: valid || /^mailto:./i.test(tags.get("rua") ?? ""),
  };
}

const POLICIES: ReadonlySet<string> = new Set(["none", "quarantine", "reject"]);

function policyOf(tags: ReadonlyMap<string, string>, name: string): DmarcPolicy | null {
  return (tags.get(name)?.toLowerCase() ?? null) as DmarcPolicy | null;
}

function isPolicy(tags: ReadonlyMap<string, string>, name: string): boolean {
  return POLICIES.has(tags.get(name)?.toLowerCase() ?? "");
}

function isPolicyOrAbsent(tags: ReadonlyMap<string, string>, name: string): boolean {
  return !tags.has(name) || isPolicy(tags, name);
}

/** The policy one step milder (RFC 9989 §4.7, t=). */
export function milder(policy: DmarcPolicy): DmarcPolicy {
  return policy === "reject" ? "quarantine" : "none";
}
