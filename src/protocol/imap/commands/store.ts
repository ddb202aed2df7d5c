import type { FlagRow } from "../../../mail/mailbox_view.ts";
import type { MessageAnnotationChange } from "../../../mail/message_annotation.ts";
import type { Uid } from "../../../mail/uid.ts";
import { NO_PRIVATE, refusedParts, refusedValues, TOO_MANY } from "../annotations.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { planFetch } from "../fetch/fetch_plan.ts";
import type { FetchItem } from "../grammar/ast_fetch.ts";
import { type Lowest, tellLimit, withinLimit } from "../message_limit.ts";
import { isBeyond } from "../message_set.ts";
import { modifiedCode } from "../write/response_code.ts";
import type { Made } from "../pipeline.ts";
import { selectedOf } from "../selection.ts";
import { compressToPairs } from "../sequence_set.ts";
import { isUidOnly, type Scene, tellsModSeq } from "../state.ts";
import { type Stored, storeWithOthers, taken } from "../store_request.ts";
import { fetchStart, flagList } from "../write/texts.ts";
import { fetchPages } from "./fetch.ts";

/** STORE (RFC 9051 §6.4.6), UID STORE, with UNCHANGEDSINCE (RFC 7162 §3.1.3); of annotations (RFC 5257 §4.5). */
export const store: Command<"STORE"> = {
  verb: "STORE",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: ["ANNOTATE-EXPERIMENT-1"],
  run(given, scene) {
    const made = scene.pipeline.changes.take(given);
    if (made === null) return storing(given, scene);
    // Of most there is nothing to tell, and nothing to wait for.
    if (made.answer === null) return completion(PLAIN, given, null, scene);
    return tellMade(made, given, scene);
  },
};

function* tellMade(made: Made, given: Given<"STORE">, scene: Scene): Program<Completion> {
  return yield* tellStored(taken(made, scene), { given, lowest: null }, scene);
}

function* storing(given: Given<"STORE">, scene: Scene): Program<Completion> {
  const { set, annotations, unchangedSince } = given;
  const { exists, readOnly } = selectedOf(scene);
  if (isBeyond(set, exists)) return bad("No such message");
  if (annotations !== undefined) return yield* storeAnnotations(annotations, given, scene);
  if (readOnly) return no("Mailbox is read-only", "CANNOT");
  if (unchangedSince !== null) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
  const within = yield* withinLimit(set, scene);
  const stored = yield* storeWithOthers(given, within.set, scene);
  return yield* tellStored(stored, { given, lowest: within.lowest }, scene);
}

function* tellStored(
  { wish: { set }, answer }: Stored,
  { given, lowest }: { readonly given: Given<"STORE">; readonly lowest: Lowest },
  scene: Scene,
): Program<Completion> {
  if (answer === null) return completion(PLAIN, given, lowest, scene);
  yield* tellRows(answer, { ...given, set }, scene);
  return completion(answer, given, lowest, scene);
}

/** RFC 5257 §4.5: nothing is told of it but MODSEQ, to those that know of it. */
function* storeAnnotations(
  changes: readonly MessageAnnotationChange[],
  given: Given<"STORE">,
  scene: Scene,
): Program<Completion> {
  const { view, readOnly } = selectedOf(scene);
  const { unchangedSince } = given;
  if (readOnly) return no("Mailbox is read-only", "CANNOT");
  const { set, lowest } = yield* withinLimit(given.set, scene);
  const refused = refusedValues(changes) ?? (yield* refusedParts(set, changes, { scene, view }));
  if (refused !== null) return refused;
  if (unchangedSince !== null) scene.state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
  const stored = yield* ask("mailbox.annotate", { view, set, changes, unchangedSince });
  if (stored.type === "noPrivate") return NO_PRIVATE;
  if (stored.type === "limit") return TOO_MANY;
  if (unchangedSince !== null || tellsModSeq(scene.state)) yield* tellRows(stored, { ...given, set }, scene);
  return completion({ ...stored, type: "stored" }, given, lowest, scene);
}

/** The rows that a change answered, and the rest of them. */
function* tellRows(
  stored: { readonly rows: readonly FlagRow[]; readonly next: Uid | null },
  given: Given<"STORE">,
  scene: Scene,
): Program<void> {
  for (const row of stored.rows) yield* scene.output.send(changeOf(row, given, scene));
  if (stored.next === null) return;
  const { set, uid, silent } = given;
  const items: FetchItem[] = silent ? [] : [{ item: "FLAGS" }];
  if (addsModSeq(given, scene)) items.push({ item: "MODSEQ" });
  const plan = planFetch({ uid, items, changedSince: null }, scene);
  // What is gone meanwhile is told by the completion.
  yield* fetchPages(set, { given: { uid, changedSince: null, vanished: false }, plan, after: stored.next }, scene);
}

/** MODSEQ is told to whoever knows of it (RFC 7162 §3.1.3). */
function addsModSeq({ unchangedSince }: Given<"STORE">, { state }: Scene): boolean {
  return unchangedSince !== null || tellsModSeq(state);
}

interface Outcome {
  readonly type: "stored" | "limit";
  readonly modified: readonly { readonly sequence: number; readonly uid: number }[];
  readonly missing: boolean;
}

const PLAIN: Outcome = { type: "stored", modified: [], missing: false };

function completion(outcome: Outcome, { uid }: Given<"STORE">, lowest: Lowest, scene: Scene): Completion {
  if (outcome.type === "limit") return no("Too many keywords, or too many messages for a condition", "LIMIT");
  return tellLimit(completionOf(outcome, uid), lowest, scene);
}

function completionOf({ modified, missing }: Outcome, uid: boolean): Completion {
  const numbers = modified.map(({ sequence, uid: name }) => uid ? name : sequence);
  const code = numbers.length > 0 ? modifiedCode(compressToPairs(numbers)) : undefined;
  // RFC 2180 §4.2: by numbers the client meant messages that it sees; by UIDs it may name any (RFC 9051 §6.4.9).
  if (missing && !uid) return no("Some messages are gone", code ?? "EXPUNGEISSUED");
  return ok(code === undefined ? "Done" : "Some messages were changed by others", code);
}

/** The message as it is now; what a silent one tells is MODSEQ alone, to those that know of it. */
function changeOf(row: FlagRow, given: Given<"STORE">, scene: Scene): string {
  const { uid, silent } = given;
  const items: string[] = [];
  const modSeq = addsModSeq(given, scene);
  // RFC 7162 §3.2.4: with QRESYNC each FETCH has the UID.
  if ((uid || scene.state.enabled.has("QRESYNC")) && !isUidOnly(scene.state)) items.push(`UID ${row.uid}`);
  if (!silent) items.push(`FLAGS ${flagList(row, scene)}`);
  if (modSeq) items.push(`MODSEQ (${row.modSeq})`);
  return silent && !modSeq ? "" : `${fetchStart(row, scene)}${items.join(" ")})\r\n`;
}
