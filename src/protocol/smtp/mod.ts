/**
 * SMTP (RFC 5321) as a server session without a socket, the trace fields of received mail, and what submissions lack.
 * `actors` may import it.
 * It must never touch sockets, clocks, randomness or logs, and never import another protocol but `sasl`.
 */
export * from "./actions.ts";
export * from "./limits.ts";
export * from "./quirks.ts";
export { createSmtpSession, type SmtpSession, type SmtpSessionOptions } from "./server_session.ts";
export type { SubmissionOptions } from "./state.ts";
export * from "./submission.ts";
export * from "./trace.ts";
