import { Flag } from "../../../mail/flag.ts";
import type { FlagRow, MessageSet, RowPage, ViewRow } from "../../../mail/mailbox_view.ts";
import { ALL_COLUMNS } from "../../../mail/row_columns.ts";
import type { Uid } from "../../../mail/uid.ts";
import { type Command, type Given, SELECTED } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ahead, allowed, ask, pause, type Program } from "../effects.ts";
import { type FetchPlan, planFetch } from "../fetch/fetch_plan.ts";
import { FetchedMessage } from "../fetch/fetch_message.ts";
import { FetchRows } from "../fetch/fetch_rows.ts";
import { pairsOf, resultsIn, sliceFound } from "../search/found.ts";
import { isOverLimit, type Lowest, overLimit, tellLimit, withinLimit } from "../message_limit.ts";
import { isBeyond, setsOfUids } from "../message_set.ts";
import type { Trouble } from "../fetch/message_reader.ts";
import { RowReader } from "../fetch/row_reader.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";
import { pairSet } from "../write/texts.ts";

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
    if (given.partial !== null && isOverLimit(resultsIn(given.partial), scene.limits)) return overLimit(scene.limits);
    const { sets, lowest } = yield* setsToTell(given, scene);
    let trouble: Trouble | null = null;
    for (const set of sets) {
      const met = yield* fetchPages(set, { given, plan }, scene);
      trouble ??= met;
    }
    return tellLimit(trouble === null ? ok() : troubled(trouble), lowest, scene);
  },
};

/** The part of the set that PARTIAL leaves, or the limit on messages. */
function* setsToTell(
  { set, partial, changedSince }: Given<"FETCH">,
  scene: Scene,
): Program<{ readonly sets: readonly MessageSet[]; readonly lowest: Lowest }> {
  if (partial === null) {
    // Of messages that are passed over nothing is told: they are none of those that are looked at.
    const within = yield* withinLimit(set, scene, { changedSince });
    return { sets: [within.set], lowest: within.lowest };
  }
  const program = { type: "set", set } as const;
  const { view } = selectedOf(scene);
  const { found } = yield* ask("mailbox.search", { view, program, save: "none", modSeq: false });
  return { sets: setsOfUids(pairsOf(sliceFound(found, partial), true)), lowest: null };
}

interface Wanted {
  readonly given: Pick<Given<"FETCH">, "uid" | "changedSince" | "vanished">;
  readonly plan: FetchPlan;
  /** Messages of which nothing is told. */
  readonly skip?: (uid: Uid) => boolean;
  /** Only those with a higher UID. */
  readonly after?: number;
}

/** Tells all messages of a set, page by page. */
export function* fetchPages(
  set: MessageSet,
  { given, plan, skip, after = 0 }: Wanted,
  scene: Scene,
): Program<Trouble | null> {
  const { view } = selectedOf(scene);
  const { index, headBytes, header } = plan;
  const { changedSince } = given;
  let trouble: Trouble | null = null;
  const annotations = plan.annotations ? { annotations: true } : {};
  const form = skip === undefined ? plan.form : ALL_COLUMNS;
  let request = {
    view,
    set,
    after,
    index,
    changedSince,
    vanished: given.vanished,
    headBytes,
    header,
    form,
    ...annotations,
  };
  for (;;) {
    const page: RowPage = yield* ask("mailbox.page", request);
    // While this page is told, the next one is read.
    if (page.next !== null) {
      request = { ...request, after: page.next, vanished: false };
      yield* ahead("mailbox.page", request);
      // What was asked leaves now, not when all of this page was told.
      yield* pause(0);
    }
    if (page.vanished.length > 0) yield* scene.output.send(`* VANISHED (EARLIER) ${pairSet(page.vanished)}\r\n`);
    if (page.missing && !given.uid) trouble ??= "gone";
    const rows = new RowReader(page, form);
    scene.memory.pageBytes = rows.bytes;
    const met = yield* tellPage(rows, plan, scene, skip);
    trouble ??= met;
    if (page.next === null) return trouble;
  }
}

/** Tells all rows of a page. */
function* tellPage(
  rows: RowReader,
  plan: FetchPlan,
  scene: Scene,
  skip?: Wanted["skip"],
): Program<Trouble | null> {
  const changed = plan.setsSeen ? yield* setSeen(rows, scene) : NONE_CHANGED;
  const plain = plan.plain && changed.size === 0 && skip === undefined ? new FetchRows(rows, plan, scene) : null;
  let trouble: Trouble | null = null;
  // What goes out is made of copies; else it may be part of the page.
  let copied = true;
  for (let i = 0; i < rows.count;) {
    if (plain?.has(i) === true) {
      const { piece, next } = plain.write(i);
      scene.output.pushLines(piece);
      if (scene.output.isFull) yield* scene.output.drain();
      i = next;
      continue;
    }
    copied = false;
    const row = rows.row(i++);
    if (skip?.(row.uid) === true) continue;
    const now = changed.get(row.uid);
    const met = yield* new FetchedMessage(now === undefined ? row : changedRow(row, now), plan, scene)
      .tell(now !== undefined);
    trouble ??= met;
  }
  if (copied) rows.letGo();
  return trouble;
}

const NONE_CHANGED: ReadonlyMap<Uid, FlagRow> = new Map();

function changedRow(row: ViewRow, { flags, keywords, modSeq }: FlagRow): ViewRow {
  return { ...row, flags, keywords, modSeq };
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

/**
 * Sets \Seen where it is missing: one change for the page (RFC 9051 §6.4.5). Answers the rows that it changed; without the right
 * there are none (RFC 4314 §4 FETCH).
 */
function* setSeen({ columns, count }: RowReader, scene: Scene): Program<ReadonlyMap<Uid, FlagRow>> {
  const { view, readOnly, rights } = selectedOf(scene);
  if (readOnly || !rights.includes("s")) return NONE_CHANGED;
  const pairs: number[] = [];
  for (let i = 0; i < count; i++) {
    if ((columns.flags[i]! & Flag.seen) === 0) pairs.push(columns.uid[i]!, columns.uid[i]!);
  }
  if (pairs.length === 0) return NONE_CHANGED;
  const set = { by: "uid", pairs } as const;
  const change = { flags: Flag.seen, keywords: [], how: "add", unchangedSince: null } as const;
  const stored = yield* allowed(ask("mailbox.store", { view, set, ...change }));
  return new Map((stored?.rows ?? []).map((row) => [row.uid, row]));
}
