import type { DnsAnswer, TlsaRecord } from "../../base/mod.ts";
import type { PeerVerdict } from "./verdict.ts";
import { anchorsWithin, isOf, usableTlsa, USAGE } from "./tlsa.ts";
import { type Certificate, isForHost, isInDate, isIssuedBy, parseCertificate } from "./x509.ts";

/** What the DNS says of a host's certificate. */
export type DaneFinding =
  /** Nothing that is validated: the host is as any other. */
  | { readonly type: "none" }
  /** TLS, and a certificate by one of these records. */
  | { readonly type: "usable"; readonly records: readonly TlsaRecord[] }
  /** Records that say "TLS", but nothing that can be checked (RFC 7672 §2.2). */
  | { readonly type: "unusable" }
  /** The DNS did not answer, or not truly: not to be told from an attack, so nothing is sent (RFC 7672 §2.1.2). */
  | { readonly type: "failed" };

/** Most certificates of a chain that are looked at. */
export const CHAIN_MAX = 10;

/** How a host was found. */
export interface WayToHost {
  readonly host: string;
  /** Whether the answer that led to the host was validated. */
  readonly mxSecure: boolean;
  /** The name that has the addresses, where the host's is an alias of it. */
  readonly alias: string | null;
  /** Whether the addresses were validated, and the alias with them. */
  readonly addressesSecure: boolean;
}

/**
 * The names below which a host's TLSA records may stand, the first that has some counts. None unless the way to it is validated, from
 * the MX records (RFC 7672 §2.2.1) to the addresses: name servers that cannot sign are those that drop questions of new kinds (RFC
 * 7672 §2.2.3). "if alias is signed": only where the alias itself is, though what it leads to is not (RFC 7672 §2.2.2).
 */
export function tlsaBases(
  { host, mxSecure, alias, addressesSecure }: WayToHost,
): readonly string[] | "if alias is signed" {
  if (!mxSecure) return [];
  if (!addressesSecure) return alias === null ? [] : "if alias is signed";
  return alias === null ? [host] : [alias, host];
}

/** What an answer to the question for TLSA records means; null: there was none, or a bogus one. */
export function daneFinding(answer: DnsAnswer<TlsaRecord> | null): DaneFinding {
  if (answer === null) return { type: "failed" };
  if (!answer.secure || answer.type !== "found" || answer.records.length === 0) return { type: "none" };
  const records = usableTlsa(answer.records);
  return records.length === 0 ? { type: "unusable" } : { type: "usable", records };
}

/**
 * Checks the chain that a server sent, its own certificate first, against the usable records. `names` are those that a certificate
 * under a trust anchor must be for (RFC 7672 §3.2.2); a certificate that the DNS names itself needs none, nor has it a date.
 */
export function verifyDane(
  chain: readonly Uint8Array[],
  records: readonly TlsaRecord[],
  { names, nowMs }: { readonly names: readonly string[]; readonly nowMs: number },
): PeerVerdict {
  const [leaf, ...others] = chain.slice(0, CHAIN_MAX).map((der) => parseCertificate(der));
  if (leaf == null) return failed("validation-failure", "the server's certificate cannot be read");
  // RFC 7672 §3.1.1: names and dates are of no account, the record is all.
  if (records.some((record) => record.usage === USAGE.daneEe && isOf(record, leaf))) return verified("dane-ee");
  const anchors = records.filter(({ usage }) => usage === USAGE.daneTa);
  if (anchors.length === 0) return failed("validation-failure", "the certificate is not that of the TLSA records");
  const pool = [...others.filter((other) => other !== null), ...anchorsWithin(anchors)];
  const trust = { pool, anchors, nowMs, seen: new Set<Certificate>([leaf]) };
  if (!leadsToAnchor(leaf, 0, trust)) {
    const late = !isInDate(leaf, nowMs);
    return late
      ? failed("certificate-expired", "the certificate is out of date")
      : failed("validation-failure", "no trust anchor of the TLSA records has signed the certificate");
  }
  if (!leaf.mayServe || leaf.notUnderstood) return failed("validation-failure", "the certificate is not for a server");
  // RFC 7672 §3.2.3: a common name counts where there is no DNS name.
  if (!isForHost(leaf, names, { commonName: true })) {
    return failed("certificate-host-mismatch", `the certificate is not for ${names.join(" or ")}`);
  }
  return verified("dane-ta");
}

interface Trust {
  readonly pool: readonly Certificate[];
  readonly anchors: readonly TlsaRecord[];
  readonly nowMs: number;
  /** Each certificate is gone through once: with cross-signatures the paths would be countless. */
  readonly seen: Set<Certificate>;
}

/** Whether signatures lead from a certificate up to an anchor (RFC 7672 §3.1.2); `authorities` stand below it. */
function leadsToAnchor(certificate: Certificate, authorities: number, trust: Trust): boolean {
  if (!isInDate(certificate, trust.nowMs)) return false;
  for (const issuer of trust.pool) {
    if (trust.seen.has(issuer) || issuer.notUnderstood || !isInDate(issuer, trust.nowMs)) continue;
    if (issuer.pathLengthMax !== null && authorities > issuer.pathLengthMax) continue;
    if (!isIssuedBy(certificate, issuer)) continue;
    if (trust.anchors.some((record) => isOf(record, issuer))) return true;
    trust.seen.add(issuer);
    if (leadsToAnchor(issuer, authorities + 1, trust)) return true;
  }
  return false;
}

function verified(by: "dane-ee" | "dane-ta"): PeerVerdict {
  return { ok: true, by };
}

function failed(result: Extract<PeerVerdict, { ok: false }>["result"], text: string): PeerVerdict {
  return { ok: false, result, text };
}
