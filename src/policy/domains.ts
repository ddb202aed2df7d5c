import type { RoutableDomain } from "./route_types.ts";

/** Domains that may be another name of each other in a row. */
const DOMAIN_ALIASES_MAX = 20;

/** A domain with keys that sign, and their selectors. */
export interface SigningSelectors {
  readonly domain: string;
  readonly selectors: readonly string[];
}

type Domains = ReadonlyMap<string, RoutableDomain>;

/** The domain that has the users, behind other names for it; null when it is not ours. Each step is told to `found`. */
export function realDomain(
  name: string,
  domains: Domains,
  found: { step(text: string): void },
): RoutableDomain | null {
  let domain = domains.get(name);
  for (let i = 0; domain !== undefined && i < DOMAIN_ALIASES_MAX; i++) {
    if (domain.aliasOf === null || domain.disabled) return domain;
    found.step(`${domain.name} is another name of ${domain.aliasOf}`);
    domain = domains.get(domain.aliasOf);
  }
  found.step(`${name} is not a domain of this server`);
  return null;
}

/**
 * Whose keys sign for this domain: its own, or those of a domain above it, which DMARC takes for the same (RFC 7489 §3.1.1), or those
 * of the domain that it is another name of. Null when nobody's do.
 */
export function signerFor(name: string, domains: Domains): SigningSelectors | null {
  for (let at = name; at !== ""; at = parentOf(at)) {
    const { disabled = true, dkim } = domains.get(at) ?? {};
    if (!disabled && dkim !== undefined) return { domain: at, selectors: dkim };
  }
  const real = domains.has(name) ? realDomain(name, domains, { step() {} }) : null;
  return real?.dkim === undefined || real.disabled ? null : { domain: real.name, selectors: real.dkim };
}

function parentOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}
