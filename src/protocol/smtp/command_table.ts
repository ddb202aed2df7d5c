import type { Command } from "./command.ts";
import { auth, data, ehlo, expn, helo, help, mail, noop, quit, rcpt, rset, starttls, vrfy } from "./commands/mod.ts";
import type { SmtpContext, SmtpState } from "./state.ts";

/** Every verb that is understood. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["HELO", helo],
  ["EHLO", ehlo],
  ["MAIL", mail],
  ["RCPT", rcpt],
  ["DATA", data],
  ["RSET", rset],
  ["NOOP", noop],
  ["VRFY", vrfy],
  ["EXPN", expn],
  ["HELP", help(listedVerbs)],
  ["QUIT", quit],
  ["STARTTLS", starttls],
  ["AUTH", auth],
]);

/** What a submission port does for everybody; all else needs a login first (RFC 4954 §6). */
export const BEFORE_LOGIN: ReadonlySet<string> = new Set(
  ["AUTH", "EHLO", "HELO", "NOOP", "RSET", "QUIT", "STARTTLS", "HELP"],
);

/** Verbs of other servers and other times: 502, where a verb that nobody knows gets 500 (RFC 5321 §4.2.4). */
export const NOT_IMPLEMENTED: ReadonlySet<string> = new Set(
  ["BDAT", "BURL", "ETRN", "ATRN", "TURN", "SEND", "SOML", "SAML", "XCLIENT", "XFORWARD"],
);

/** Verbs by which a browser was tricked into speaking to a mail server: the session ends at once. */
export const FOREIGN: ReadonlySet<string> = new Set(
  ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI"],
);

function listedVerbs(state: SmtpState, context: SmtpContext): string[] {
  return [...COMMANDS].filter(([, command]) => command.listed(state, context)).map(([verb]) => verb);
}
