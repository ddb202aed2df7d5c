/**
 * Transport security of outgoing mail: MTA-STS, DANE, REQUIRETLS, what they demand together, and reports on TLS.
 * `policy` and `actors` may import it.
 * It must never ask the DNS or a server itself, nor take a stranger's word where a signature is due.
 */
export * from "./dane.ts";
export * from "./decision.ts";
export * from "./mta_sts_cache.ts";
export * from "./mta_sts_policy.ts";
export * from "./peer.ts";
export * from "./report_mail.ts";
export * from "./report_record.ts";
export * from "./tls_reports.ts";
export * from "./tls_required.ts";
export * from "./tlsa.ts";
export type * from "./verdict.ts";
export { type Certificate, CERTIFICATE_BYTES_MAX, parseCertificate } from "./x509.ts";
