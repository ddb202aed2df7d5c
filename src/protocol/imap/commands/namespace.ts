import { MAILBOX_SEPARATOR } from "../../../mail/mailbox_name.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { ok } from "../completion.ts";

/** NAMESPACE (RFC 9051 §6.3.10): one personal namespace, nothing of others, nothing shared. */
export const namespace: Command<"NAMESPACE"> = {
  verb: "NAMESPACE",
  phases: LOGGED_IN,
  news: "all",
  brings: ["NAMESPACE"],
  run(_given, { output }) {
    output.push(`* NAMESPACE (("" "${MAILBOX_SEPARATOR}")) NIL NIL\r\n`);
    return ok();
  },
};
