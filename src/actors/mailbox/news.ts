import type { Uid } from "../../mail/uid.ts";
import type { NewsWanted } from "../../mail/mailbox_ask.ts";
import type { FlagRow, ResultChange, ViewNews } from "../../mail/mailbox_view.ts";
import type { Rights } from "../../mail/rights.ts";
import { readFlags } from "./flag_rows.ts";
import { PAGE_ROWS_MAX } from "./row_pages.ts";
import { rightsIn } from "./shared/mod.ts";
import { type Answer, answerLater, type Asked, type State } from "./state.ts";
import { changedResults, goneResults } from "./updates.ts";
import type { OpenView } from "./view_book.ts";
import { rangesOfRising } from "../../mail/ranges.ts";

/** Messages that leave a view in one answer. */
const EXPUNGED_MAX = 1_000;

/** What the session does not know yet: first who left, then who came, then what changed (RFC 9051 §5.2). */
export function news(
  state: State,
  { account, view: id, expunges }: Asked<"mailbox.news">,
  reply: Answer<"mailbox.news">,
): void {
  const open = state.views.get(account, id);
  open.stirred = false;
  const rights = rightsIn(state, account, open.of);
  if (open.view.gone || !rights.includes("r")) return reply.ok(GONE);
  // By the numbers that messages have before they go.
  const gone = goneResults(open);
  const news = told(state, open, { expunges, rights });
  if (open.live?.hasWork(open.view.uidNext) === true) {
    return answerLater(state, withUpdates(state, open, { news, gone }), reply);
  }
  reply.ok(gone.length === 0 ? news : { ...news, updates: { gone, changed: [], ended: [] } });
}

/** The same for who has its answer to something else: null when it has to be asked for, as searches have to be run again. */
export function newsAtOnce(state: State, open: OpenView, { expunges }: NewsWanted): ViewNews | null {
  if (open.live !== null) return null;
  open.stirred = false;
  const rights = rightsIn(state, open.account, open.of);
  if (open.view.gone || !rights.includes("r")) return GONE;
  return told(state, open, { expunges, rights });
}

/** Adds what changed in the results of searches (RFC 5267 §4.3). */
async function withUpdates(
  state: State,
  open: OpenView,
  { news, gone }: { readonly news: ViewNews; readonly gone: readonly ResultChange[] },
): Promise<ViewNews> {
  if (open.live === null) return news;
  const { changed, ended, more } = await changedResults(state, open, open.live);
  return open.view.gone ? GONE : { ...news, more: news.more || more, updates: { gone, changed, ended } };
}

const GONE: ViewNews = {
  exists: 0,
  recent: 0,
  expunged: [],
  changed: [],
  keywords: null,
  rights: null,
  highestModSeq: 1 as ViewNews["highestModSeq"],
  more: false,
  gone: true,
};

function told(
  state: State,
  open: OpenView,
  { expunges, rights }: { readonly expunges: boolean; readonly rights: Rights },
): ViewNews {
  const { shard } = state;
  const { of: { account, mailbox }, view } = open;
  const expunged = expunges ? view.takeGhosts(EXPUNGED_MAX) : [];
  const status = shard.status(account, mailbox);
  view.takeArrivals(status.uidNext, status.messages);
  const changed = takeChanged(shard, open).map((row) => withEntries(row, open));
  const { annotatedMore } = open;
  if (!view.hasChanged) [open.annotated, open.annotatedMore] = [null, false];
  view.settle(status.highestModSeq);
  return {
    exists: view.exists,
    recent: view.recent,
    expunged: expunged as { sequence: number; uid: Uid }[],
    changed,
    keywords: takeKeywords(state, open),
    rights: newRights(open, rights),
    highestModSeq: view.modSeq as ViewNews["highestModSeq"],
    more: view.hasChanged || (expunges && view.ghosts > 0),
    gone: false,
    ...(takeKeyReset(open) ? { keyReset: true } : {}),
    ...(annotatedMore ? { annotatedMore } : {}),
  };
}

function takeKeyReset(open: OpenView): boolean {
  const { keyReset } = open;
  open.keyReset = false;
  return keyReset;
}

function takeChanged(shard: State["shard"], open: OpenView): FlagRow[] {
  const { view } = open;
  if (!view.hasChanged) return [];
  const taken = view.takeChanged(PAGE_ROWS_MAX);
  if ("uids" in taken) {
    const { rows, next } = readFlags(shard, open, { uids: rangesOfRising(taken.uids), after: 0 });
    if (next !== null) view.putBack(taken.uids.filter((uid) => uid > next));
    return rows;
  }
  const uids = view.uidsOf({ by: "uid", pairs: [1, 0xffff_ffff] });
  const since = view.modSeq;
  const wants = (row: { readonly modSeq: number }) => row.modSeq > since;
  const { rows, next } = readFlags(shard, open, { uids, after: taken.above, wants });
  view.lookedUpTo(next);
  return rows;
}

/** RFC 5257 §4.4: names of entries alone, never their values. */
function withEntries(row: FlagRow, { annotated }: OpenView): FlagRow {
  const entries = annotated?.get(row.uid);
  if (entries === undefined) return row;
  annotated?.delete(row.uid);
  return { ...row, annotated: [...entries].sort() };
}

function newRights(open: OpenView, rights: Rights): Rights | null {
  if (open.rights === rights) return null;
  open.rights = rights;
  return rights;
}

/** Keywords in use, when there are others than those told. */
function takeKeywords({ views }: State, open: OpenView): readonly string[] | null {
  const keywords = views.newKeywords(open);
  if (keywords !== null) open.view.keywords = keywords;
  return keywords;
}
