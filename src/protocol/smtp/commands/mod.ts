/**
 * The commands of the SMTP server, one file each: when a command is legal and what it does to the state.
 * Only `command_table.ts` and the session may import it.
 * It must never read bytes or keep state: a command is a function from state to state.
 */
export * from "./auth.ts";
export * from "./bdat.ts";
export * from "./data.ts";
export * from "./ehlo.ts";
export * from "./etrn.ts";
export * from "./expn.ts";
export * from "./helo.ts";
export * from "./help.ts";
export * from "./lhlo.ts";
export * from "./mail.ts";
export * from "./noop.ts";
export * from "./quit.ts";
export * from "./rcpt.ts";
export * from "./rset.ts";
export * from "./starttls.ts";
export * from "./vrfy.ts";
export * from "./xclient.ts";
