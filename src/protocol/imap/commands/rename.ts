import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { treeRefusal } from "../write/tree_reply.ts";

/** RENAME (RFC 9051 §6.3.6). */
export const rename: Command<"RENAME"> = {
  verb: "RENAME",
  phases: LOGGED_IN,
  news: "all",
  *run({ from, to }, _scene) {
    if (from === null) return no("No such mailbox", "NONEXISTENT");
    if (to === null) return no("Not a name for a mailbox", "CANNOT");
    const outcome = yield* ask("mailbox.rename", { from, to });
    return outcome.type === "done" ? ok() : treeRefusal(outcome.type);
  },
};
