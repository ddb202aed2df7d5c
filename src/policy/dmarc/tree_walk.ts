import type { Resolver } from "../../base/mod.ts";
import { type DmarcRecord, parseDmarcRecord } from "./record.ts";

/** A long name is cut to this many labels after its own record was asked for: eight questions at most (RFC 9989 §4.10). */
const WALK_LABELS_MAX = 7;

/** A record and the name it was found at. */
export interface FoundRecord {
  readonly domain: string;
  readonly record: DmarcRecord;
}

/** Asks for the records of a domain and of those above it, longest name first (RFC 9989 §4.10). Rejects as the resolver does. */
export async function walkTree(domain: string, resolver: Resolver): Promise<readonly FoundRecord[]> {
  const found: FoundRecord[] = [];
  let labels = domain.split(".");
  while (labels.length > 0) {
    const name = labels.join(".");
    const record = await fetchRecord(name, resolver);
    if (record !== null) {
      found.push({ domain: name, record });
      if (record.publicSuffix !== null) break;
    }
    labels = labels.length > WALK_LABELS_MAX ? labels.slice(-WALK_LABELS_MAX) : labels.slice(1);
  }
  return found;
}

/** The one DMARC record of a name; several are as good as none (RFC 9989 §4.10 step 2). */
async function fetchRecord(name: string, resolver: Resolver): Promise<DmarcRecord | null> {
  const asked = `_dmarc.${name}`;
  if (asked.length > 253) return null;
  const answer = await resolver.txt(asked);
  const texts = answer.type === "found"
    ? answer.records.filter((text) => /^[ \t]*v[ \t]*=[ \t]*DMARC1/.test(text))
    : [];
  return texts.length === 1 ? parseDmarcRecord(texts[0]!) : null;
}

/** The organizational domain that a walk from `domain` leads to (RFC 9989 §4.10.2). */
export function organizationalDomain(domain: string, found: readonly FoundRecord[]): string {
  for (const { domain: at, record } of found) {
    if (record.publicSuffix === "n") return at;
    if (record.publicSuffix === "y" && at !== domain) {
      // One label below the public suffix.
      return domain.split(".").slice(-(at.split(".").length + 1)).join(".");
    }
  }
  return found.at(-1)?.domain ?? domain;
}

/**
 * The record whose policy holds for a domain: its own, else its organizational domain's, else the public suffix's (RFC 9989
 * §4.10.1).
 */
export function policyRecord(domain: string, found: readonly FoundRecord[]): FoundRecord | null {
  const organization = organizationalDomain(domain, found);
  return found.find(({ domain: at }) => at === domain) ?? found.find(({ domain: at }) => at === organization) ??
    found.find(({ record }) => record.publicSuffix === "y") ?? null;
}
