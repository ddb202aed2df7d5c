import { type Command, SELECTED } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { selectedOf } from "../selection.ts";

/** CANCELUPDATE (RFC 5267 §4.3.5): of searches that are not known none is ended. */
export const cancelUpdate: Command<"CANCELUPDATE"> = {
  verb: "CANCELUPDATE",
  phases: SELECTED,
  news: "all",
  *run({ tags }, scene) {
    const { view, updates } = selectedOf(scene);
    const known = [...new Set(tags)];
    if (updates === null || !known.every((tag) => updates.has(tag))) return no("No such search");
    yield* ask("mailbox.cancelUpdates", { view, tags: known });
    for (const tag of known) updates.delete(tag);
    return ok();
  },
};
