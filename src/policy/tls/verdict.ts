/** What can go wrong with TLS on the way to a host, by the names that reports use (RFC 8460 §4.3). */
export type TlsResult =
  | "starttls-not-supported"
  | "certificate-host-mismatch"
  | "certificate-expired"
  | "certificate-not-trusted"
  | "validation-failure"
  | "tlsa-invalid"
  | "dnssec-invalid"
  | "dane-required"
  | "sts-policy-fetch-error"
  | "sts-policy-invalid"
  | "sts-webpki-invalid";

/** What came of checking a server's certificate. */
export type PeerVerdict =
  | { readonly ok: true; readonly by: "dane-ee" | "dane-ta" | "pkix" | "nothing" }
  | { readonly ok: false; readonly result: TlsResult; readonly text: string };
