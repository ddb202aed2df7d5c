import { asFailure } from "../../base/mod.ts";
import type { ResultChange, ViewNews } from "../../mail/mailbox_ask.ts";
import type { SearchProgram } from "../../mail/search_program.ts";
import { type OrderValue, orderValue, readIndex } from "../../mime/mod.ts";
import { planFor } from "./programs.ts";
import { runSearch } from "./search/mod.ts";
import type { State } from "./state.ts";
import type { OpenView } from "./view_book.ts";
import { difference, intersection, numbersIn, type Ranges, rangesOfRising, type View } from "./views/mod.ts";
import type { ResultOrder, WatchedSearch, Watches } from "./results/mod.ts";

/** Messages that leave results in one answer: as many as leave a view. */
const GONE_MAX = 1_000;
/** Messages looked at for one answer. */
const TESTED_MAX = 2_000;

type Updates = NonNullable<ViewNews["updates"]>;

/**
 * What left the mailbox leaves the results at once (RFC 5267 §A.3), by the numbers it still has: to be called before the view lets
 * go of it.
 */
export function goneResults({ view, watches }: OpenView): ResultChange[] {
  if (watches === null) return [];
  watches.removeWaiting();
  const gone = rangesOfRising(watches.takeGone(GONE_MAX).filter((uid) => uid < view.uidNext));
  if (gone.length === 0) return [];
  const changes = [...watches.searches].flatMap((search) => {
    return removed(search, intersection(search.results, gone), view);
  });
  watches.count();
  return changes;
}

/** Looks at what has come or was touched, and answers how results change by it. Throws Failure `not_found` when the view ends. */
export async function changedResults(
  state: State,
  open: OpenView,
  watches: Watches,
): Promise<Pick<Updates, "changed" | "ended"> & { readonly more: boolean }> {
  const { view } = open;
  const changed: ResultChange[] = [];
  const ended: string[] = [];
  const from = watches.testedTo;
  const work = watches.work(view.uidNext, TESTED_MAX);
  if (work.uids.length === 0) return { changed, ended, more: watches.hasWork(view.uidNext) };
  watches.begin(work);
  try {
    // All of them are looked at before the results of any change: what is given back was not told in part.
    const found = new Map<WatchedSearch, Ranges>();
    for (const search of watches.searches) {
      const fits = await fitting(state, open, search.program, work.uids);
      if (fits !== null) found.set(search, fits);
      else ended.push(search.tag);
    }
    for (const [search, fits] of found) {
      changed.push(...await changesOf(state, open, search, { uids: work.uids, fits }));
    }
  } catch (error) {
    if (asFailure(error) === null || open.closed || view.gone) throw error;
    watches.giveBack(work, from);
    state.views.stirSoon(open);
    return { changed, ended: [], more: false };
  }
  for (const tag of ended) watches.remove(tag);
  watches.count();
  ended.push(...state.views.endTooLarge(open));
  return { changed, ended, more: watches.hasWork(view.uidNext) };
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

/** How the results of one search change when of `uids` these fit now. */
async function changesOf(
  state: State,
  open: OpenView,
  search: WatchedSearch,
  { uids, fits }: { readonly uids: Ranges; readonly fits: Ranges },
): Promise<ResultChange[]> {
  const { results } = search;
  const left = difference(intersection(results, uids), fits);
  const came = difference(fits, results);
  return [...removed(search, left, open.view), ...await added(state, open, search, came)];
}

function removed(search: WatchedSearch, uids: Ranges, view: View): ResultChange[] {
  if (uids.length === 0) return [];
  const { tag, order } = search;
  search.remove(uids);
  if (order === null) return [{ tag, how: "removed", places: [[0, numbered(search, uids, view)]] }];
  const places = order.remove(new Set(numbersIn(uids))).map(([place, uid]) =>
    [place, numbered(search, rangesOfRising([uid]), view)] as const
  );
  return [{ tag, how: "removed", places }];
}

async function added(state: State, open: OpenView, search: WatchedSearch, uids: Ranges): Promise<ResultChange[]> {
  if (uids.length === 0) return [];
  const { tag, order } = search;
  const { view } = open;
  const places = order === null
    ? [[0, numbered(search, uids, view)] as const]
    : (await placed(state, open, order, uids)).map(([place, uid]) =>
      [place, numbered(search, rangesOfRising([uid]), view)] as const
    );
  search.add(uids);
  return [{ tag, how: "added", places }];
}

/** UIDs as a search tells them: where all of a range are messages, their numbers are one, too. */
function numbered({ uid }: WatchedSearch, uids: Ranges, view: View): readonly number[] {
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
