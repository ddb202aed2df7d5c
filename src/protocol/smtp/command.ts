import type { SmtpContext, SmtpState, Step } from "./state.ts";

/** A command line taken apart: the verb in upper case, the text behind its space. */
export interface CommandLine {
  readonly verb: string;
  /** Null when the line ends with the verb. */
  readonly argument: string | null;
  /** Whether the whole line is ASCII. */
  readonly ascii: boolean;
}

/** A command as the table has it: when it is legal and what it does. */
export interface Command {
  /** The only dialect that has it; both, when absent. */
  readonly dialect?: SmtpContext["dialect"];
  /** `none` is refused by 501 when there is one; `needed` when there is none. */
  readonly argument: "none" | "optional" | "needed";
  /** Whether its argument may hold UTF-8 (RFC 6531 §3.1). */
  readonly utf8: boolean;
  /** Whether it moves no mail: too many of these end the session. */
  readonly junk: boolean;
  /** Whether HELP lists it. */
  listed(state: SmtpState, context: SmtpContext): boolean;
  run(context: SmtpContext, state: SmtpState, argument: string): Step;
}

/** verb [SP argument] (RFC 5321 §4.1.1). Only ASCII has two cases: "R\u017fET" in capitals would be RSET. */
export function parseCommandLine(text: string, ascii: boolean): CommandLine {
  const space = text.indexOf(" ");
  const verb = space < 0 ? text : text.slice(0, space);
  const argument = space < 0 ? null : text.slice(space + 1);
  return { verb: VERB.test(verb) ? verb.toUpperCase() : "", argument, ascii };
}

const VERB = /^[A-Za-z]{1,20}$/;
