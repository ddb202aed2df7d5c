import { asFailure } from "../../../base/failure.ts";
import type { ViewOpened, ViewRow } from "../../../mail/mailbox_view.ts";
import type { Uid } from "../../../mail/uid.ts";
import { annotationsLevel } from "../annotations.ts";
import { type Command, type Given, LOGGED_IN } from "../command.ts";
import { bad, type Completion, no, ok, untaggedStatus } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { flagLines, flagsOf, tellUrlMechanisms } from "../news.ts";
import { closeSelected } from "../selection.ts";
import { isRevision2, isUidOnly, type Scene, type Selected } from "../state.ts";
import { mailboxText, pairSet } from "../write/texts.ts";

/** SELECT (RFC 9051 §6.3.2) with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5). */
export const select: Command<"SELECT"> = {
  verb: "SELECT",
  phases: LOGGED_IN,
  news: "none",
  brings: ["CONDSTORE", "QRESYNC", "OBJECTID"],
  run: (given, scene) => open(given, false, scene),
};

/** EXAMINE (RFC 9051 §6.3.3): the same, and nothing can be changed. */
export const examine: Command<"EXAMINE"> = {
  verb: "EXAMINE",
  phases: LOGGED_IN,
  news: "none",
  run: (given, scene) => open(given, true, scene),
};

type Opened = Extract<ViewOpened, { type: "opened" }>;

function* open(
  { mailbox, condstore, qresync, annotate }: Given<"SELECT"> | Given<"EXAMINE">,
  readOnly: boolean,
  scene: Scene,
): Program<Completion> {
  const { state, output } = scene;
  if (qresync !== null && !state.enabled.has("QRESYNC")) return bad("ENABLE QRESYNC first"); // RFC 7162 §3.2.5.
  if (condstore) state.enabled.add("CONDSTORE");
  // RFC 9051 §6.3.2: a selection that fails leaves nothing selected.
  if (yield* closeSelected(scene)) output.push(untaggedStatus("ok", "Previous mailbox closed", "CLOSED"));
  if (mailbox === null) return no("No such mailbox", "NONEXISTENT");
  const opened = yield* ask("mailbox.open", { name: mailbox, readOnly, since: qresync });
  if (opened.type === "missing") return no("No such mailbox", "NONEXISTENT");
  const selected: Selected = {
    view: opened.view,
    mailbox: opened.mailbox,
    name: mailbox,
    objectId: opened.objectId,
    readOnly: opened.readOnly,
    rights: opened.rights,
    uidValidity: opened.status.uidValidity,
    exists: opened.status.messages,
    recent: opened.recent,
    keywords: opened.keywords,
    annotate: annotate === true,
    stirred: state.earlyStirred === opened.view,
    updates: null,
  };
  state.selected = selected;
  describe(opened, selected, scene);
  // RFC 7162 §3.2.5: of another epoch nothing is told.
  if (qresync !== null && qresync.uidValidity === opened.status.uidValidity) {
    try {
      yield* resync(opened, qresync, scene);
    } catch (error) {
      // Half of the changes must not pass for all of them.
      if (asFailure(error) !== null) yield* closeSelected(scene);
      throw error;
    }
  }
  return ok("Selected", opened.readOnly ? "READ-ONLY" : "READ-WRITE");
}

function describe(opened: Opened, selected: Selected, scene: Scene): void {
  const { state, output } = scene;
  const { uidValidity, uidNext, highestModSeq } = opened.status;
  output.push(`${flagLines(selected)}* ${selected.exists} EXISTS\r\n`);
  if (isRevision2(state)) {
    output.push(`* LIST () "/" ${mailboxText(selected.name, scene)}\r\n`);
  } else {
    output.push(`* ${selected.recent} RECENT\r\n`);
    // RFC 9586 §3: it is a sequence number.
    if (opened.firstUnseen > 0 && !isUidOnly(state)) {
      output.push(untaggedStatus("ok", "First unseen", `UNSEEN ${opened.firstUnseen}`));
    }
  }
  output.push(untaggedStatus("ok", "UIDs valid", `UIDVALIDITY ${uidValidity}`));
  output.push(untaggedStatus("ok", "Predicted next UID", `UIDNEXT ${uidNext}`));
  output.push(untaggedStatus("ok", "Highest", `HIGHESTMODSEQ ${highestModSeq}`)); // RFC 7162 §3.1.2.1.
  output.push(untaggedStatus("ok", "Annotations", annotationsLevel(selected)));
  output.push(untaggedStatus("ok", "Id", `MAILBOXID (${opened.objectId})`)); // RFC 8474 §4.2.
  tellUrlMechanisms(scene);
}

/** Tells what changed while the client was away: removals first (RFC 7162 §3.2.6). */
function* resync(
  { view, vanished }: Opened,
  since: NonNullable<Given<"SELECT">["qresync"]>,
  scene: Scene,
): Program<void> {
  const { output } = scene;
  if (vanished !== null && vanished.length > 0) yield* output.send(`* VANISHED (EARLIER) ${pairSet(vanished)}\r\n`);
  const set = { by: "uid", pairs: since.known ?? [1, 0] } as const;
  for (let after: number | null = 0; after !== null;) {
    const page: { readonly rows: readonly ViewRow[]; readonly next: Uid | null } = yield* ask("mailbox.rows", {
      view,
      set,
      after,
      index: false,
      changedSince: since.modSeq,
      vanished: false,
    });
    for (const row of page.rows) yield* output.send(flagsOf(row, scene));
    after = page.next;
  }
}
