import { type Command, SELECTED } from "../command.ts";
import { ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { closeSelected, selectedOf } from "../selection.ts";

/** CLOSE (RFC 9051 §6.4.1): removes what has \Deleted, says nothing of it, and leaves. */
export const close: Command<"CLOSE"> = {
  verb: "CLOSE",
  phases: SELECTED,
  news: "none",
  *run(_given, scene) {
    const { view, readOnly } = selectedOf(scene);
    if (!readOnly) yield* ask("mailbox.expungeDeleted", { view, set: null });
    yield* closeSelected(scene);
    return ok();
  },
};

/** UNSELECT (RFC 9051 §6.4.2): leaves, and removes nothing. */
export const unselect: Command<"UNSELECT"> = {
  verb: "UNSELECT",
  phases: SELECTED,
  news: "none",
  brings: ["UNSELECT"],
  *run(_given, scene) {
    yield* closeSelected(scene);
    return ok();
  },
};
