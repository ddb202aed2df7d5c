import { hasRights } from "../../../mail/rights.ts";
import type { Uid } from "../../../mail/uid.ts";
import { appendAll, GONE } from "../append/append.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, no, ok, untaggedStatus } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { isBeyond } from "../message_set.ts";
import { tellNews } from "../news.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";
import { appendUidCode } from "../write/response_code.ts";

/**
 * REPLACE (RFC 8508 §3.2), UID REPLACE (§3.3): the old message goes in the change by which the new one comes, so that at no time there
 * is none, or are both; only what it adds counts for the quota (§3.4).
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
    if (old === null) return GONE;
    const outcome = yield* appendAll(given, { name: given.mailbox, replaces: old }, scene);
    if (outcome.type !== "appended") return outcome;
    scene.output.push(
      untaggedStatus("ok", "Appended", appendUidCode(outcome.uidValidity, outcome.uids)),
    );
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
