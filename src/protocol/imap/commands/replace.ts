import { Flag } from "../../../mail/flag.ts";
import { hasRights } from "../../../mail/rights.ts";
import type { Uid } from "../../../mail/uid.ts";
import { appendAll } from "../append.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, no, ok, untaggedStatus } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { isBeyond } from "../message_set.ts";
import { tellNews } from "../news.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";
import { appendUidCode } from "../response_code.ts";

/**
 * REPLACE (RFC 8508 §3.3), UID REPLACE: the new message is durable before the old one goes, so that at no time there is none.
 */
export const replace: Command<"REPLACE"> = {
  verb: "REPLACE",
  phases: SELECTED,
  news: "none",
  brings: ["REPLACE"],
  *run(given, scene) {
    if (selectedOf(scene).readOnly) return no("Mailbox is read-only", "CANNOT");
    // The old message must be free to go before the new one is taken.
    if (!hasRights(selectedOf(scene).rights, "te")) return no("Not allowed", "NOPERM");
    if (given.mailbox === null) return no("Not a name for a mailbox", "CANNOT");
    const { exists } = selectedOf(scene);
    if (!given.uid && isBeyond(setOf(given), exists)) return bad("No such message");
    const old = yield* uidOf(given, scene);
    if (old === null) return no("The message is gone", "EXPUNGEISSUED");
    const outcome = yield* appendAll(given, given.mailbox, scene);
    if (outcome.type !== "appended") return outcome;
    scene.output.push(
      untaggedStatus("ok", "Appended", appendUidCode(outcome.uidValidity, outcome.uids)),
    );
    yield* expungeOne(old, scene);
    yield* tellNews(scene, true);
    return ok("Replaced");
  },
};

function setOf({ uid, number }: Given<"REPLACE">) {
  return { by: uid ? "uid" : "sequence", pairs: [number, number] } as const;
}

function* uidOf(given: Given<"REPLACE">, scene: Scene): Program<Uid | null> {
  const { view } = selectedOf(scene);
  const set = setOf(given);
  const { rows } = yield* ask("mailbox.rows", {
    view,
    set,
    after: 0,
    index: false,
    changedSince: null,
    vanished: false,
  });
  return rows[0]?.uid ?? null;
}

function* expungeOne(uid: Uid, scene: Scene): Program<void> {
  const { view } = selectedOf(scene);
  const set = { by: "uid", pairs: [uid, uid] } as const;
  const flags = { flags: Flag.deleted, keywords: [] };
  yield* ask("mailbox.store", { view, set, ...flags, how: "add", unchangedSince: null });
  yield* ask("mailbox.expungeDeleted", { view, set });
}
