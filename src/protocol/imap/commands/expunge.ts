import { Flag } from "../../../mail/flag.ts";
import { type Command, SELECTED } from "../command.ts";
import { no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { tellLimit, withinLimit } from "../message_limit.ts";
import { tellNews } from "../news.ts";
import { selectedOf } from "../selection.ts";

const DELETED = { type: "flags", flags: Flag.deleted } as const;

/** EXPUNGE (RFC 9051 §6.4.3), UID EXPUNGE (§6.4.9). */
export const expunge: Command<"EXPUNGE"> = {
  verb: "EXPUNGE",
  phases: SELECTED,
  news: "none",
  brings: ["UIDPLUS"],
  *run({ set }, scene) {
    const { view, readOnly } = selectedOf(scene);
    if (readOnly) return no("Mailbox is read-only", "CANNOT");
    // RFC 9738 §3.1: EXPUNGE itself has no limit.
    const within = set === null ? { set, lowest: null } : yield* withinLimit(set, scene, { also: DELETED });
    const { highestModSeq } = yield* ask("mailbox.expungeDeleted", { view, set: within.set });
    yield* tellNews(scene, true);
    // RFC 7162 §3.2.7: told once the client knows of modification sequences.
    const completion = ok("Done", scene.state.enabled.has("QRESYNC") ? `HIGHESTMODSEQ ${highestModSeq}` : undefined);
    return tellLimit(completion, within.lowest, scene);
  },
};
