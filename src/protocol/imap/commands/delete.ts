import { type Command, LOGGED_IN } from "../command.ts";
import { no, ok, untaggedStatus } from "../completion.ts";
import { ask } from "../effects.ts";
import { closeSelected } from "../selection.ts";
import { treeRefusal } from "../write/tree_reply.ts";

/** DELETE (RFC 9051 §6.3.5). */
export const remove: Command<"DELETE"> = {
  verb: "DELETE",
  phases: LOGGED_IN,
  news: "all",
  *run({ mailbox }, scene) {
    if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
    const outcome = yield* ask("mailbox.remove", { name: mailbox });
    if (outcome.type !== "done") return treeRefusal(outcome.type);
    // Who removes the mailbox that is selected has left it.
    if (scene.state.selected?.objectId === outcome.objectId && (yield* closeSelected(scene))) {
      scene.output.push(untaggedStatus("ok", "The selected mailbox is closed", "CLOSED"));
    }
    return ok();
  },
};
