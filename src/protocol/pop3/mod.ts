/**
 * POP3 (RFC 1939) server side: `createPop3Session` takes bytes and answers and returns actions.
 * Fronts import it; it imports base and sasl, never another protocol.
 * It must never touch a socket, a clock, randomness or a log, and never await.
 */
export * from "./actions.ts";
export * from "./dot_stuffing.ts";
export * from "./limits.ts";
export { POP3_LANGUAGES } from "./replies.ts";
export * from "./session.ts";
