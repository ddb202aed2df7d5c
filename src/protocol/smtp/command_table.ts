import type { Command } from "./command.ts";
import { data, ehlo, expn, helo, help, mail, noop, quit, rcpt, rset, starttls, vrfy } from "./commands/mod.ts";
import type { SmtpState } from "./state.ts";

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
]);

/** Verbs of other servers and other times: 502, where a verb that nobody knows gets 500 (RFC 5321 §4.2.4). */
export const NOT_IMPLEMENTED: ReadonlySet<string> = new Set(
  ["AUTH", "BDAT", "BURL", "ETRN", "ATRN", "TURN", "SEND", "SOML", "SAML", "XCLIENT", "XFORWARD"],
);

/** Verbs by which a browser was tricked into speaking to a mail server: the session ends at once. */
export const FOREIGN: ReadonlySet<string> = new Set(
  ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI"],
);

function listedVerbs(state: SmtpState): string[] {
  return [...COMMANDS].filter(([, command]) => command.listed(state)).map(([verb]) => verb);
}
