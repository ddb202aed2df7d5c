import type { Command } from "./command.ts";
import {
  auth,
  bdat,
  data,
  ehlo,
  etrn,
  expn,
  helo,
  help,
  lhlo,
  mail,
  noop,
  quit,
  rcpt,
  rset,
  starttls,
  vrfy,
  xclient,
} from "./commands/mod.ts";
import type { SmtpContext, SmtpState } from "./state.ts";

/** Every verb that is understood. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["HELO", helo],
  ["EHLO", ehlo],
  ["LHLO", lhlo],
  ["MAIL", mail],
  ["RCPT", rcpt],
  ["DATA", data],
  ["BDAT", bdat],
  ["RSET", rset],
  ["NOOP", noop],
  ["VRFY", vrfy],
  ["EXPN", expn],
  ["HELP", help(listedVerbs)],
  ["QUIT", quit],
  ["ETRN", etrn],
  ["STARTTLS", starttls],
  ["XCLIENT", xclient],
  ["AUTH", auth],
]);

/**
 * What a submission port does for everybody; all else needs a login first (RFC 4954 §6). BDAT is among it, as its octets follow
 * whatever the answer is: without a transaction they are read and refused. XCLIENT is for proxies that are trusted, and says who has
 * logged in at them.
 */
export const BEFORE_LOGIN: ReadonlySet<string> = new Set(
  ["AUTH", "BDAT", "EHLO", "HELO", "NOOP", "RSET", "QUIT", "STARTTLS", "HELP", "XCLIENT"],
);

/** Verbs of other servers and other times: 502, where a verb that nobody knows gets 500 (RFC 5321 §4.2.4). */
export const NOT_IMPLEMENTED: ReadonlySet<string> = new Set(
  ["BURL", "ATRN", "TURN", "SEND", "SOML", "SAML", "XFORWARD"],
);

/** Verbs by which a browser was tricked into speaking to a mail server: the session ends at once. */
export const FOREIGN: ReadonlySet<string> = new Set(
  ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PRI"],
);

/** The command of a verb; null when there is none, or when the session's dialect does not have it (RFC 2033 §4.1: no HELO in LMTP). */
export function commandOf({ dialect }: SmtpContext, verb: string): Command | null {
  const command = COMMANDS.get(verb);
  return command === undefined || (command.dialect ?? dialect) !== dialect ? null : command;
}

function listedVerbs(context: SmtpContext, state: SmtpState): string[] {
  return [...COMMANDS.keys()].filter((verb) => commandOf(context, verb)?.listed(state, context));
}
