import type { ViewRow } from "../../../mail/mailbox_ask.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ask } from "../effects.ts";
import { isBeyond } from "../message_set.ts";
import { modifiedCode } from "../response_code.ts";
import { selectedOf } from "../selection.ts";
import { compressToPairs } from "../sequence_set.ts";
import { isUidOnly, type Scene, tellsModSeq } from "../state.ts";
import { fetchStart, flagList } from "../texts.ts";

/** STORE (RFC 9051 §6.4.6), UID STORE, with UNCHANGEDSINCE (RFC 7162 §3.1.3). */
export const store: Command<"STORE"> = {
  verb: "STORE",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  *run(given, scene) {
    const selected = selectedOf(scene);
    const { set, flags: { flags, keywords }, how, unchangedSince } = given;
    if (isBeyond(set, selected.exists)) return bad("No such message");
    if (selected.readOnly) return no("Mailbox is read-only", "CANNOT");
    if (unchangedSince !== null) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
    const stored = yield* ask("mailbox.store", { view: selected.view, set, flags, keywords, how, unchangedSince });
    // A keyword that the mailbox has not had is told by FLAGS (RFC 9051 §7.3.5).
    if (keywords.some((keyword) => !isKnown(keyword, selected.keywords))) selected.stirred = true;
    for (const row of stored.rows) yield* scene.output.send(changeOf(row, given, scene));
    for (let after = stored.next; after !== null;) {
      const page = yield* ask("mailbox.rows", {
        view: selected.view,
        set,
        after,
        index: false,
        changedSince: null,
        vanished: false,
      });
      for (const row of page.rows) yield* scene.output.send(changeOf(row, given, scene));
      after = page.next;
    }
    return completion(stored, given);
  },
};

function isKnown(keyword: string, known: readonly string[]): boolean {
  return known.some((each) => each.toLowerCase() === keyword.toLowerCase());
}

interface Outcome {
  readonly type: "stored" | "limit";
  readonly modified: readonly { readonly sequence: number; readonly uid: number }[];
  readonly missing: boolean;
}

function completion({ type, modified, missing }: Outcome, { uid }: Given<"STORE">): Completion {
  if (type === "limit") return no("Too many keywords", "LIMIT");
  const numbers = modified.map(({ sequence, uid: name }) => uid ? name : sequence);
  const code = numbers.length > 0 ? modifiedCode(compressToPairs(numbers)) : undefined;
  // RFC 2180 §4.2: by numbers the client meant messages that it sees; by UIDs it may name any (RFC 9051 §6.4.9).
  if (missing && !uid) return no("Some messages are gone", code ?? "EXPUNGEISSUED");
  return ok(code === undefined ? "Done" : "Some messages were changed by others", code);
}

/** The message as it is now; what a silent one tells is MODSEQ alone, to those that know of it. */
function changeOf(row: ViewRow, { uid, silent, unchangedSince }: Given<"STORE">, scene: Scene): string {
  const items: string[] = [];
  const modSeq = unchangedSince !== null || tellsModSeq(scene.state);
  // RFC 7162 §3.2.4: with QRESYNC each FETCH has the UID.
  if ((uid || scene.state.enabled.has("QRESYNC")) && !isUidOnly(scene.state)) items.push(`UID ${row.uid}`);
  if (!silent) items.push(`FLAGS ${flagList(row, scene)}`);
  if (modSeq) items.push(`MODSEQ (${row.modSeq})`);
  return silent && !modSeq ? "" : `${fetchStart(row, scene)}${items.join(" ")})\r\n`;
}
