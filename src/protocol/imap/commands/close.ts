import { type Command, SELECTED } from "../command.ts";
import { ok } from "../completion.ts";
import { allowed, ask } from "../effects.ts";
import { closeSelected, selectedOf } from "../selection.ts";

/** CLOSE (RFC 9051 §6.4.1): removes what has \Deleted if that is allowed (RFC 4314 §4), says nothing of it, and leaves. */
export const close: Command<"CLOSE"> = {
  verb: "CLOSE",
  phases: SELECTED,
  news: "none",
  *run(_given, scene) {
    const { view, readOnly, rights } = selectedOf(scene);
    if (!readOnly && rights.includes("e")) yield* allowed(ask("mailbox.expungeDeleted", { view, set: null }));
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
