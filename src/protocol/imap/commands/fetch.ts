import { Flag } from "../../../mail/flag.ts";
import type { MessageSet, ViewRow } from "../../../mail/mailbox_ask.ts";
import type { ModSeq, Uid } from "../../../mail/uid.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { allowed, ask, type Program } from "../effects.ts";
import { type FetchPlan, planFetch } from "../fetch_plan.ts";
import { FetchedMessage } from "../fetch_message.ts";
import { pairsOf, sliceFound } from "../found.ts";
import { isBeyond, setsOfUids } from "../message_set.ts";
import type { Trouble } from "../message_reader.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";
import { pairSet } from "../texts.ts";

/**
 * FETCH (RFC 9051 §6.4.5), UID FETCH, with CHANGEDSINCE and VANISHED (RFC 7162 §3.1.4, §3.2.6) and PARTIAL (RFC 9394 §3.3).
 * Page by page and piece by piece: what lies in memory is bounded, however much is asked for.
 */
export const fetch: Command<"FETCH"> = {
  verb: "FETCH",
  phases: SELECTED,
  news: ({ uid }) => uid ? "all" : "withoutExpunges",
  brings: ["BINARY", "PREVIEW", "SAVEDATE"],
  *run(given, scene) {
    const { state } = scene;
    const selected = selectedOf(scene);
    if (isBeyond(given.set, selected.exists)) return bad("No such message");
    if (given.vanished && !(given.uid && given.changedSince !== null && state.enabled.has("QRESYNC"))) {
      return bad("VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC"); // RFC 7162 §3.2.6.
    }
    if (given.partial !== null && !given.uid) return bad("PARTIAL needs UID FETCH"); // RFC 9394 §3.3.
    const plan = planFetch(given, scene);
    if (plan.modSeq) state.enabled.add("CONDSTORE"); // RFC 7162 §3.1.
    const sets = given.partial === null ? [given.set] : yield* partialSets(given, scene);
    let trouble: Trouble | null = null;
    for (const set of sets) {
      const met = yield* fetchPages(set, { given, plan }, scene);
      trouble ??= met;
    }
    return trouble === null ? ok() : troubled(trouble);
  },
};

/** The part of the set that PARTIAL leaves. */
function* partialSets({ set, partial }: Given<"FETCH">, scene: Scene): Program<MessageSet[]> {
  if (partial === null) return [set];
  const program = { type: "set", set } as const;
  const { view } = selectedOf(scene);
  const { found } = yield* ask("mailbox.search", { view, program, save: "none", modSeq: false });
  return setsOfUids(pairsOf(sliceFound(found, partial), true));
}

interface Wanted {
  readonly given: Given<"FETCH">;
  readonly plan: FetchPlan;
}

function* fetchPages(set: MessageSet, { given, plan }: Wanted, scene: Scene): Program<Trouble | null> {
  const { view } = selectedOf(scene);
  const { changedSince, vanished } = given;
  let trouble: Trouble | null = null;
  for (let after: Uid | 0 | null = 0; after !== null;) {
    const { index, headBytes } = plan;
    const request = { view, set, after, index, changedSince, vanished: vanished && after === 0, headBytes };
    const page: Page = yield* ask("mailbox.rows", request);
    if (page.vanished.length > 0) {
      yield* scene.output.send(`* VANISHED (EARLIER) ${pairSet(page.vanished)}\r\n`);
    }
    if (page.missing && !given.uid) trouble ??= "gone";
    const rows = plan.setsSeen ? yield* setSeen(page.rows, scene) : page.rows.map((row) => ({ row, told: false }));
    for (const { row, told } of rows) {
      const met = yield* new FetchedMessage(row, plan, scene).tell(told);
      trouble ??= met;
    }
    after = page.next;
  }
  return trouble;
}

interface Page {
  readonly rows: readonly ViewRow[];
  readonly next: Uid | null;
  readonly vanished: readonly number[];
  readonly missing: boolean;
}

/** RFC 2180 §4.1.2, RFC 5530 §3. */
function troubled(trouble: Trouble): Completion {
  switch (trouble) {
    case "gone":
      return no("Some messages are gone", "EXPUNGEISSUED");
    case "corrupt":
      return no("Some messages are damaged", "CORRUPTION");
    case "temporary":
      return no("Some messages cannot be read now, try again later", "UNAVAILABLE");
    case "encoding":
      return no("Some parts cannot be decoded", "UNKNOWN-CTE"); // RFC 3516 §4.3.
  }
}

/** A row and whether its flags are to be told though nobody asked. */
interface Due {
  readonly row: ViewRow;
  readonly told: boolean;
}

/** Sets \Seen where it is missing: one change for the page (RFC 9051 §6.4.5). Without the right it stays (RFC 4314 §4 FETCH). */
function* setSeen(rows: readonly ViewRow[], scene: Scene): Program<Due[]> {
  const { view, readOnly, rights } = selectedOf(scene);
  const unseen = readOnly || !rights.includes("s") ? [] : rows.filter(({ flags }) => (flags & Flag.seen) === 0);
  if (unseen.length === 0) return rows.map((row) => ({ row, told: false }));
  const changed = new Map<Uid, ViewRow>();
  const set = { by: "uid", pairs: unseen.flatMap(({ uid }) => [uid, uid]) } as const;
  const change = { flags: Flag.seen, keywords: [], how: "add", unchangedSince: null } as const;
  const stored = yield* allowed(ask("mailbox.store", { view, set, ...change }));
  for (const row of stored?.rows ?? []) changed.set(row.uid, row);
  return rows.map((row) => {
    const now = changed.get(row.uid);
    if (now === undefined) return { row, told: false };
    const { flags, keywords } = now;
    return { row: { ...row, flags, keywords, modSeq: now.modSeq as ModSeq }, told: true };
  });
}
