/**
 * IMAP (RFC 9051, RFC 3501) server side: `createImapSession` takes bytes and answers and returns actions.
 * Fronts import it; it imports base, mail, mime and sasl, never another protocol.
 * It must never touch a socket, a clock, randomness or a log, and never await.
 */
export type * from "./actions.ts";
export * from "./fetch/mod.ts";
export * from "./frame/mod.ts";
export * from "./grammar/mod.ts";
export * from "./limits.ts";
export * from "./list_match.ts";
export * from "./refusal.ts";
export * from "./search/mod.ts";
export * from "./sequence_set.ts";
export * from "./session.ts";
export * from "./write/mod.ts";
