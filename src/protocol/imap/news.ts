import type { FlagRow, ViewNews } from "../../mail/mailbox_view.ts";
import type { Right } from "../../mail/rights.ts";
import type { Uid } from "../../mail/uid.ts";
import { fetchPages } from "./commands/fetch.ts";
import { untaggedStatus } from "./completion.ts";
import { ask, leave, type Program } from "./effects.ts";
import { endWatch, overflow } from "./notices.ts";
import { planFetch } from "./fetch/fetch_plan.ts";
import { urlMechCode } from "./write/response_code.ts";
import { isUidOnly, type Notify, type NotifySelected, type Scene, type Selected, tellsModSeq } from "./state.ts";
import { fetchStart, flagList, risingSet } from "./write/texts.ts";
import { endUpdates, tellUpdates } from "./search/updates.ts";
import { writeAstring } from "./write/write.ts";

/**
 * Tells what happened in the selected mailbox. `expunges`: whether messages may be told to be gone (RFC 9051 §7.5.1); those
 * that may not stay in the view until they may.
 */
export function* tellNews(scene: Scene, expunges: boolean): Program<void> {
  const { selected } = scene.state;
  if (selected === null) return;
  for (let more = true; more;) {
    const brought = selected.news;
    selected.news = undefined;
    if (brought === undefined) selected.stirred = false;
    const news = brought ?? (yield* ask("mailbox.news", { view: selected.view, expunges }));
    // RFC 2180 §3.3. Nothing is said of messages: they did not go, as far as the client may know (RFC 9051 §7.4.1).
    if (news.gone) yield* leave("The selected mailbox was removed");
    // RFC 5267 §4.3.4: while the numbers of what goes are still valid.
    if (news.updates !== undefined) yield* tellUpdates(news.updates.gone, scene);
    yield* tell(news, selected, scene);
    if (news.updates !== undefined) yield* tellUpdates(news.updates.changed, scene);
    endUpdates(news.updates?.ended ?? [], scene);
    more = news.more;
  }
}

/** Keeps the news that came with an answer: nothing else is known to have happened. */
export function bring(news: ViewNews | undefined, selected: Selected): void {
  if (news === undefined) return;
  selected.news = news;
  selected.stirred = false;
}

function* tell(news: ViewNews, selected: Selected, scene: Scene): Program<void> {
  const { state, output } = scene;
  const byUid = state.enabled.has("QRESYNC") || isUidOnly(state);
  if (news.expunged.length > 0) yield* output.send(expungedLines(news.expunged, byUid));
  if (news.exists !== selected.exists - news.expunged.length) output.push(`* ${news.exists} EXISTS\r\n`);
  if (news.recent !== selected.recent && !state.enabled.has("IMAP4rev2")) output.push(`* ${news.recent} RECENT\r\n`);
  const before = selected.exists - news.expunged.length;
  selected.batches?.changed(news.expunged.length, news.exists - before);
  selected.exists = news.exists;
  selected.recent = news.recent;
  if (news.keywords !== null || news.rights !== null) {
    selected.keywords = news.keywords ?? selected.keywords;
    selected.rights = news.rights ?? selected.rights;
    output.push(flagLines(selected));
  }
  if (news.keyReset === true) tellUrlMechanisms(scene);
  const { notify } = state;
  // RFC 5257 §4.4: of annotations to those alone who selected with ANNOTATE.
  const plain = { flags: true, annotations: selected.annotate };
  if (notify === null) { for (const row of news.changed) yield* output.send(changeOf(row, plain, scene)); }
  else yield* notice(news, { before, notify }, scene);
}

/** After NOTIFY: flags only if they are wanted, and of new messages what is wanted of them (RFC 5465 §5.1, §5.2). */
function* notice(
  { changed, exists, annotatedMore = false }: ViewNews,
  { before, notify }: { readonly before: number; readonly notify: Notify },
  scene: Scene,
): Program<void> {
  const { selected, own } = notify;
  notify.own = [];
  if (selected !== null) { for (const row of changed) yield* scene.output.send(changeOf(row, selected, scene)); }
  if (selected?.annotations === true && annotatedMore) {
    if (notify.watch > 0) yield* endWatch(notify.watch);
    return overflow(scene);
  }
  if (selected === null || selected.items.length === 0 || exists <= before) return;
  const given = { uid: false, items: selected.items, changedSince: null, vanished: false };
  const skip = own.length === 0 ? {} : { skip: (uid: Uid) => isWithin(own, uid) };
  const set = { by: "sequence", pairs: [before + 1, exists] } as const;
  yield* fetchPages(set, { given, plan: planFetch(given, scene), ...skip }, scene);
}

function isWithin(pairs: readonly number[], uid: number): boolean {
  for (let i = 0; i < pairs.length; i += 2) if (uid >= pairs[i]! && uid <= pairs[i + 1]!) return true;
  return false;
}

/** Messages that the session itself puts into the selected mailbox: of those nothing is fetched unasked (RFC 5465 §5.2). */
export function noteOwn(pairs: readonly number[], { state }: Scene): void {
  const { notify } = state;
  if (notify?.selected == null || notify.selected.items.length === 0) return;
  notify.own = [...notify.own, ...pairs];
}

/** By which mechanisms URLs of the selected mailbox are authorized: told by SELECT, and when the key is another (RFC 4467 §8). */
export function tellUrlMechanisms({ state, output }: Scene): void {
  const code = urlMechCode(state.tlsActive);
  if (code !== undefined) output.push(untaggedStatus("ok", "Mechanisms", code));
}

/** Each by its number, which counts what was removed before it, or all by UIDs (RFC 7162 §3.2.10, RFC 9586 §3.4). */
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
export function flagsOf(row: FlagRow, scene: Scene): string {
  return changeOf(row, { flags: true, annotations: false }, scene);
}

/** What of a message that others changed is wanted (RFC 5465 §5.1); nothing, if that did not change. */
function changeOf(row: FlagRow, wanted: Pick<NotifySelected, "flags" | "annotations">, scene: Scene): string {
  const { annotated = [] } = row;
  const annotations = wanted.annotations && annotated.length > 0;
  if (!wanted.flags && !annotations) return "";
  const items: string[] = [];
  if (!isUidOnly(scene.state)) items.push(`UID ${row.uid}`);
  if (wanted.flags) items.push(`FLAGS ${flagList(row, scene)}`);
  if (tellsModSeq(scene.state)) items.push(`MODSEQ (${row.modSeq})`);
  // RFC 5257 §4.4: only the entries' names.
  if (annotations) items.push(`ANNOTATION (${annotated.map((entry) => writeAstring(entry, false)).join(" ")})`);
  return `${fetchStart(row, scene)}${items.join(" ")})\r\n`;
}
