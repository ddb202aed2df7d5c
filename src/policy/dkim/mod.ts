/**
 * DKIM: verifying and making signatures (RFC 6376, RFC 8301, RFC 8463), and what ARC shares of it.
 * The sender check, ARC and the policy actor import it; it imports base, mail and the header folder.
 * It must never read a clock, keep a key, or look at more signatures than its limit.
 */
export * from "./canonical_body.ts";
export * from "./canonical_header.ts";
export * from "./key.ts";
export * from "./record.ts";
export * from "./sign.ts";
export * from "./sign_aside.ts";
export * from "./signable.ts";
export * from "./signature.ts";
export * from "./verify.ts";
