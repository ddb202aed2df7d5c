import { createHash } from "node:crypto";
import type { TlsaRecord } from "../../base/mod.ts";
import { type Certificate, parseCertificate } from "./x509.ts";

/** Certificate usages that mean something between mail servers (RFC 7672 §3.1); RFC 7218 gives them their names. */
export const USAGE = { daneTa: 2, daneEe: 3 } as const;

/** Selectors (RFC 6698 §2.1.2). */
const SELECTOR = { certificate: 0, publicKey: 1 } as const;

/** Digests by matching type (RFC 6698 §2.1.3): name and length in bytes, the stronger one last. */
const DIGESTS: ReadonlyMap<number, { readonly name: string; readonly bytes: number }> = new Map([
  [1, { name: "sha256", bytes: 32 }],
  [2, { name: "sha512", bytes: 64 }],
]);

/** Records of one name that are looked at; nobody needs more. */
export const TLSA_RECORDS_MAX = 100;

/** The name at which the records of a server stand (RFC 6698 §3). */
export function tlsaName(host: string, port: number): string {
  return `_${port}._tcp.${host}`;
}

/**
 * The records that a mail server can be checked by: DANE-TA and DANE-EE of known kinds and right lengths. PKIX-TA and PKIX-EE are not
 * usable (RFC 7672 §3.1.3). Of the digests of one usage and selector only the strongest counts (RFC 7672 §5).
 */
export function usableTlsa(records: readonly TlsaRecord[]): TlsaRecord[] {
  const known = records.slice(0, TLSA_RECORDS_MAX).filter(isUsable);
  return known.filter(({ usage, selector, matching }) =>
    matching === 0 ||
    !known.some((other) => other.usage === usage && other.selector === selector && other.matching > matching)
  );
}

/** Whether a record is of this certificate. */
export function isOf({ selector, matching, data }: TlsaRecord, certificate: Certificate): boolean {
  const selected = selector === SELECTOR.certificate ? certificate.der : certificate.spki;
  const digest = DIGESTS.get(matching);
  return equal(data, digest === undefined ? selected : createHash(digest.name).update(selected).digest());
}

/** The anchors that the records hold whole: servers need not send them (RFC 7671 §5.2.2). */
export function anchorsWithin(records: readonly TlsaRecord[]): Certificate[] {
  return records.flatMap(({ usage, selector, matching, data }) => {
    if (usage !== USAGE.daneTa || selector !== SELECTOR.certificate || matching !== 0) return [];
    return parseCertificate(data) ?? [];
  });
}

function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if (usage !== USAGE.daneTa && usage !== USAGE.daneEe) return false;
  if (selector !== SELECTOR.certificate && selector !== SELECTOR.publicKey) return false;
  if (matching !== 0) return DIGESTS.get(matching)?.bytes === data.length;
  return selector === SELECTOR.certificate ? parseCertificate(data) !== null : data.length > 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
