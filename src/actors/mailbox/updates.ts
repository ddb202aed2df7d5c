import { asFailure } from "../../base/mod.ts";
import type { ResultChange, ViewNews } from "../../mail/mailbox_view.ts";
import type { SearchProgram } from "../../mail/search_program.ts";
import { UID_MAX } from "../../mail/uid.ts";
import { type OrderValue, orderValue, readIndex } from "../../mime/mod.ts";
import { planFor } from "./programs.ts";
import { runSearch } from "./search/mod.ts";
import type { State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { difference, intersection, numbersIn, type Ranges, rangesOf, rangesOfRising } from "../../mail/ranges.ts";
import type { View } from "./views/mod.ts";
import type { LiveSearch, LiveSearches, ResultOrder } from "./live_searches/mod.ts";

/** Messages that leave results in one answer: as many as leave a view. */
const GONE_MAX = 1_000;
/** Messages looked at for one answer. */
const TESTED_MAX = 2_000;

type Updates = NonNullable<ViewNews["updates"]>;

/**
 * What left the mailbox leaves the results at once (RFC 5267 §A.3), by the numbers it still has: to be called before the view lets
 * go of it.
 */
export function goneResults({ view, live }: OpenView): ResultChange[] {
  if (live === null) return [];
  live.removeWaiting();
  const gone = rangesOfRising(live.takeGone(GONE_MAX).filter((uid) => uid < view.uidNext));
  if (gone.length === 0) return [];
  const changes = [...live.searches].flatMap((search) => {
    return removed(search, intersection(search.results, gone), view);
  });
  live.count();
  return changes;
}

/** Looks at what has come or was touched, and answers how results change by it. Throws Failure `not_found` when the view ends. */
export async function changedResults(
  state: State,
  open: OpenView,
  live: LiveSearches,
): Promise<Pick<Updates, "changed" | "ended"> & { readonly more: boolean }> {
  const { view } = open;
  const changed: ResultChange[] = [];
  const ended: string[] = [];
  const from = live.testedTo;
  const work = live.work(view.uidNext, TESTED_MAX);
  if (work.uids.length === 0) return { changed, ended, more: live.hasWork(view.uidNext) };
  live.begin(work);
  try {
    // All of them are looked at before the results of any change: what is given back was not told in part.
    const found = new Map<LiveSearch, Ranges>();
    for (const search of live.searches) {
      const fits = await fitting(state, open, search.program, work.uids);
      if (fits !== null) found.set(search, fits);
      else ended.push(search.tag);
    }
    for (const [search, fits] of found) {
      changed.push(...await changesOf(state, open, search, { uids: work.uids, from, fits }));
    }
  } catch (error) {
    if (asFailure(error) === null || open.closed || view.gone) throw error;
    live.giveBack(work, from);
    state.views.stirSoon(open);
    return { changed, ended: [], more: false };
  }
  for (const tag of ended) live.remove(tag);
  live.count();
  ended.push(...state.views.endTooLarge(open));
  return { changed, ended, more: live.hasWork(view.uidNext) };
}

/** The UIDs among some that fit a search; null when it finds more than can be told. */
async function fitting(
  state: State,
  open: OpenView,
  program: SearchProgram,
  uids: Ranges,
): Promise<Ranges | null> {
  const whole = planFor(state, open, program);
  const candidates = whole.candidates === null ? uids : intersection(whole.candidates, uids);
  const plan = { ...whole, candidates };
  const search = () => runSearch(state, open, plan);
  // Rows alone are looked at at once; texts wait as those of other searches do.
  const rowsOnly = plan.texts.length + plan.words.length === 0;
  try {
    return (rowsOnly ? await search() : await state.searches.run(open.account, search)).uids();
  } catch (error) {
    if (asFailure(error)?.kind !== "refused") throw error;
    return null;
  }
}

/** How the results of one search change when of `uids`, of which those from `from` on have just come, these fit now. */
async function changesOf(
  state: State,
  open: OpenView,
  search: LiveSearch,
  { uids, from, fits }: { readonly uids: Ranges; readonly from: number; readonly fits: Ranges },
): Promise<ResultChange[]> {
  const { results } = search;
  const left = difference(intersection(results, uids), fits);
  const came = difference(fits, results);
  return [...removed(search, left, open.view), ...await added(state, open, search, { came, from })];
}

function removed(search: LiveSearch, uids: Ranges, view: View): ResultChange[] {
  if (uids.length === 0) return [];
  const { tag, order } = search;
  search.remove(uids);
  if (order === null) return [{ tag, how: "removed", places: [[0, numbered(search, uids, view)]] }];
  const places = order.remove(new Set(numbersIn(uids))).map(([place, uid]) =>
    [place, numbered(search, rangesOfRising([uid]), view)] as const
  );
  return [{ tag, how: "removed", places }];
}

async function added(
  state: State,
  open: OpenView,
  search: LiveSearch,
  { came: uids, from }: { readonly came: Ranges; readonly from: number },
): Promise<ResultChange[]> {
  if (uids.length === 0) return [];
  const { tag, order } = search;
  const { view } = open;
  const places = order === null
    ? [[0, numbered(search, uids, view)] as const]
    : (await placed(state, open, order, uids)).map(([place, uid]) =>
      [place, numbered(search, rangesOfRising([uid]), view)] as const
    );
  search.add(uids);
  const fresh = intersection(uids, rangesOf([from, UID_MAX], 0));
  return [{ tag, how: "added", places, ...(fresh.length === 0 ? {} : { fresh }) }];
}

/** UIDs as a search tells them: where all of a range are messages, their numbers are one, too. */
function numbered({ uid }: LiveSearch, uids: Ranges, view: View): readonly number[] {
  if (uid) return uids;
  const numbers: number[] = [];
  for (let i = 0; i < uids.length; i += 2) {
    const first = view.sequenceOf(uids[i]!);
    const last = first + uids[i + 1]! - uids[i]!;
    if (numbers.length > 0 && numbers.at(-1) === first - 1) numbers[numbers.length - 1] = last;
    else numbers.push(first, last);
  }
  return numbers;
}

/** Puts results where they belong, in turns: for each a few others are read. */
async function placed(
  { shard, turns }: State,
  { of: { account, mailbox } }: OpenView,
  order: ResultOrder,
  ranges: Ranges,
): Promise<(readonly [place: number, uid: number])[]> {
  const known = new Map<number, readonly OrderValue[] | null>();
  const read = (uid: number) => {
    const row = shard.rowsAt(account, mailbox, uid - 1, { limit: 1, index: true }).rows[0];
    if (row?.uid !== uid) return null;
    const facts = row.index == null ? null : readIndex(row.index)?.facts() ?? null;
    return order.keys.map(({ key }) => orderValue(key, row, facts));
  };
  const valuesOf = (uid: number) => {
    const values = known.get(uid);
    if (values !== undefined) return values;
    const fresh = read(uid);
    known.set(uid, fresh);
    return fresh;
  };
  const uids = [...numbersIn(ranges)];
  const places: (readonly [number, number])[] = [];
  for (let at = 0; at < uids.length;) {
    await turns.next();
    for (const over = turns.begin(); at < uids.length && !over(); at++) {
      places.push([order.add(uids[at]!, valuesOf), uids[at]!]);
    }
  }
  return places;
}
