/**
 * SMTP's other side: a session that hands mail to a server, without a socket (RFC 5321).
 * `actors` may import it.
 * It must never touch sockets, clocks, randomness or logs, and never trust what a server says to be short, printable or true.
 */
export * from "./actions.ts";
export { isWireAddress } from "./commands.ts";
export type { PeerExtensions } from "./extensions.ts";
export * from "./limits.ts";
export { type ClientOutcome, ours } from "./outcome.ts";
export { type ClientPhase, type SmtpClientOptions, SmtpClientSession } from "./session.ts";
export { isSurplus } from "./transaction.ts";
