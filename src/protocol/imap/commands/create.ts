import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { treeRefusal } from "../write/tree_reply.ts";

/** CREATE (RFC 9051 §6.3.4), with USE of RFC 6154 §3. */
export const create: Command<"CREATE"> = {
  verb: "CREATE",
  phases: LOGGED_IN,
  news: "all",
  brings: ["CREATE-SPECIAL-USE"],
  *run({ mailbox, specialUses }, _scene) {
    if (mailbox === null) return no("Not a name for a mailbox", "CANNOT");
    const [specialUse = null] = specialUses;
    // RFC 6154 §3: a use that cannot be given is refused; ours have at most one each.
    if (specialUses.length > 1 || (specialUses.length === 1 && specialUse === null)) {
      return no("Special use not supported", "USEATTR");
    }
    const outcome = yield* ask("mailbox.create", { name: mailbox, specialUse });
    return outcome.type === "done" ? ok("Created", `MAILBOXID (${outcome.objectId})`) : treeRefusal(outcome.type);
  },
};
