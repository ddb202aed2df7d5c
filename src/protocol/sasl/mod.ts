/**
 * SASL mechanisms (RFC 4422) as pure steps, and strict base64: shared by SMTP, POP3, IMAP and ManageSieve.
 * Every protocol may import it, and so may the fronts; it imports base only.
 * It must never check a password, keep one, or write a protocol's reply.
 */
export * from "./base64.ts";
export * from "./external.ts";
export * from "./field.ts";
export * from "./login.ts";
export * from "./mechanism.ts";
export * from "./mechanisms.ts";
export * from "./oauth.ts";
export * from "./plain.ts";
export * from "./prohibited.ts";
export * from "./scram.ts";
