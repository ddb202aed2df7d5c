import type { ViewNews, ViewRow } from "../../mail/mailbox_ask.ts";
import type { Right } from "../../mail/rights.ts";
import { ask, leave, type Program } from "./effects.ts";
import { type Scene, type Selected, tellsModSeq } from "./state.ts";
import { flagList, risingSet } from "./texts.ts";
import { writeAstring } from "./write.ts";

/**
 * Tells what happened in the selected mailbox. `expunges`: whether messages may be told to be gone (RFC 9051 §7.5.1); those
 * that may not stay in the view until they may.
 */
export function* tellNews(scene: Scene, expunges: boolean): Program<void> {
  const { selected } = scene.state;
  if (selected === null) return;
  for (let more = true; more;) {
    selected.stirred = false;
    const news = yield* ask("mailbox.news", { view: selected.view, expunges });
    // RFC 2180 §3.3. Nothing is said of messages: they did not go, as far as the client may know (RFC 9051 §7.4.1).
    if (news.gone) yield* leave("The selected mailbox was removed");
    yield* tell(news, selected, scene);
    more = news.more;
  }
}

function* tell(news: ViewNews, selected: Selected, scene: Scene): Program<void> {
  const { state, output } = scene;
  if (news.expunged.length > 0) yield* output.send(expungedLines(news.expunged, state.enabled.has("QRESYNC")));
  if (news.exists !== selected.exists - news.expunged.length) output.push(`* ${news.exists} EXISTS\r\n`);
  if (news.recent !== selected.recent && !state.enabled.has("IMAP4rev2")) output.push(`* ${news.recent} RECENT\r\n`);
  selected.exists = news.exists;
  selected.recent = news.recent;
  if (news.keywords !== null || news.rights !== null) {
    selected.keywords = news.keywords ?? selected.keywords;
    selected.rights = news.rights ?? selected.rights;
    output.push(flagLines(selected));
  }
  for (const row of news.changed) yield* output.send(flagsOf(row, scene));
}

/** Each by its number, which counts what was removed before it, or all by UIDs (RFC 7162 §3.2.10). */
function expungedLines(expunged: ViewNews["expunged"], byUid: boolean): string {
  if (byUid) return `* VANISHED ${risingSet(expunged.map(({ uid }) => uid))}\r\n`;
  return expunged.map(({ sequence }) => `* ${sequence} EXPUNGE\r\n`).join("");
}

/** FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1): of those, what the user may change (RFC 4314 §5.1.1). */
export function flagLines({ keywords, readOnly, rights }: Pick<Selected, "keywords" | "readOnly" | "rights">): string {
  const names = [...SYSTEM_FLAGS, ...keywords].join(" ");
  const permanent = readOnly
    ? ""
    : [...SYSTEM_FLAGS, ...keywords, "\\*"].filter((flag) => rights.includes(RIGHT_OF[flag] ?? "w")).join(" ");
  return `* FLAGS (${names})\r\n* OK [PERMANENTFLAGS (${permanent})] Kept\r\n`;
}

/** RFC 4314 §4 STORE; for all others it is "w". */
const RIGHT_OF: Readonly<Record<string, Right>> = { "\\Seen": "s", "\\Deleted": "t" };

const SYSTEM_FLAGS = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"] as const;

/** A message's flags, told unasked: with the UID (RFC 7162 §3.2.4), and MODSEQ once the client knows of it (§3.1). */
export function flagsOf(row: ViewRow, scene: Scene): string {
  const modSeq = tellsModSeq(scene.state) ? ` MODSEQ (${row.modSeq})` : "";
  // RFC 5257 §4.4: only the entries' names, and only to those who selected with ANNOTATE.
  const names = row.annotated?.map((entry) => writeAstring(entry, false)).join(" ") ?? "";
  const annotated = names === "" ? "" : ` ANNOTATION (${names})`;
  return `* ${row.sequence} FETCH (UID ${row.uid} FLAGS ${flagList(row, scene)}${modSeq}${annotated})\r\n`;
}
