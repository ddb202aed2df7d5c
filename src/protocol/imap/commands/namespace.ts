import { MAILBOX_SEPARATOR } from "../../../mail/mailbox_name.ts";
import { OTHER_USERS } from "../../../mail/other_users.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { ok } from "../completion.ts";
import { speaksUtf8 } from "../state.ts";
import { writeNamespace } from "../write/write_access.ts";

/** NAMESPACE (RFC 9051 §6.3.10): one's own, and that of the other users of the domain (RFC 2342 §5). */
export const namespace: Command<"NAMESPACE"> = {
  verb: "NAMESPACE",
  phases: LOGGED_IN,
  news: "all",
  brings: ["NAMESPACE"],
  run(_given, { output, state }) {
    const separator = MAILBOX_SEPARATOR;
    const others = [{ prefix: OTHER_USERS + separator, separator }];
    output.push(writeNamespace({ personal: [{ prefix: "", separator }], others, shared: [] }, speaksUtf8(state)));
    return ok();
  },
};
