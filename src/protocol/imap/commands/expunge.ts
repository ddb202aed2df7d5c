import { type Command, SELECTED } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { tellNews } from "../news.ts";
import { selectedOf } from "../selection.ts";

/** EXPUNGE (RFC 9051 §6.4.3), UID EXPUNGE (§6.4.9). */
export const expunge: Command<"EXPUNGE"> = {
  verb: "EXPUNGE",
  phases: SELECTED,
  news: "none",
  brings: ["UIDPLUS"],
  *run({ set }, scene) {
    const { view, readOnly } = selectedOf(scene);
    if (readOnly) return no("Mailbox is read-only", "CANNOT");
    const { highestModSeq } = yield* ask("mailbox.expungeDeleted", { view, set });
    yield* tellNews(scene, true);
    // RFC 7162 §3.2.7: told once the client knows of modification sequences.
    return ok("Done", scene.state.enabled.has("QRESYNC") ? `HIGHESTMODSEQ ${highestModSeq}` : undefined);
  },
};
