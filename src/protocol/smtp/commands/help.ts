import type { Command } from "../command.ts";
import { help as helpReply } from "../replies.ts";
import type { SmtpContext, SmtpState } from "../state.ts";

/** HELP [SP String] (RFC 5321 §4.1.1.8): lists `verbs`, which is the table's own list. */
export function help(verbs: (context: SmtpContext, state: SmtpState) => readonly string[]): Command {
  return {
    argument: "optional",
    utf8: false,
    junk: true,
    listed: () => true,
    run: (context, state) => [state, helpReply(verbs(context, state))],
  };
}
