/**
 * The commands of the SMTP server, one file each, and the table of them.
 * The session's `step.ts` may import it.
 * It must never read bytes or keep state: a command is a function from state to state.
 */
import type { Command } from "../command.ts";
import { data } from "./data.ts";
import { ehlo } from "./ehlo.ts";
import { expn } from "./expn.ts";
import { helo } from "./helo.ts";
import { help } from "./help.ts";
import { mail } from "./mail.ts";
import { noop } from "./noop.ts";
import { quit } from "./quit.ts";
import { rcpt } from "./rcpt.ts";
import { rset } from "./rset.ts";
import { starttls } from "./starttls.ts";
import type { SmtpState } from "../state.ts";
import { vrfy } from "./vrfy.ts";

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
