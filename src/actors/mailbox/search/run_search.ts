import { asFailure, Failure } from "../../../base/mod.ts";
import type { Uid } from "../../../mail/uid.ts";
import { RowColumns } from "../../../mail/row_columns.ts";
import {
  HEADER_BYTES_MAX,
  type MessageIndex,
  parseStructure,
  readIndex,
  threadId,
  threadIds,
} from "../../../mime/mod.ts";
import type { RowRanges, ShardStore } from "../../../storage/mod.ts";
import { annotationsAt, emailId, rowsIn } from "../row_pages.ts";
import type { OpenView } from "../view_book.ts";
import { coarse, countOf, intersection, type Ranges, rangesOf } from "../../../mail/ranges.ts";
import { addRanges } from "./add_ranges.ts";
import { type Candidate, ColumnRow } from "./candidate.ts";
import { Found } from "./found.ts";
import type { Plan } from "./plan.ts";
import { FULL_SCORE } from "./relevancy.ts";
import { type Looks, NO_LOOKS, searchTexts, type Undecided } from "./search_texts.ts";
import type { TextSearch } from "./text_search.ts";
import type { Turns } from "./turns.ts";

/** Rows read at once. */
const ROWS_MAX = 1_024;
/** Rows looked at before the clock is. */
const LOOKS = 16;
/** UIDs between two messages that were found already that are rather looked at than jumped over: a block of the store's. */
const GAP_UIDS = 64;
/** Rows that are read in the time in which those of one range are counted. */
const RANGE_ROWS = 8;

export interface SearchServices {
  readonly shard: ShardStore;
  readonly turns: Turns;
  readonly texts: TextSearch;
}

/** A search as it goes on. */
interface Search extends SearchServices {
  readonly open: OpenView;
  readonly plan: Plan;
  /** Messages that can fit. */
  readonly uids: Ranges;
}

/**
 * Looks at the messages of a view in turns, as it was when the search began. Throws Failure `not_found` when the view ends, and
 * what the search in texts throws.
 * MODSEQs and scores are known only when they are asked for.
 */
export async function runSearch(
  services: SearchServices,
  open: OpenView,
  plan: Plan,
  { scored = false, modSeq = false }: { readonly scored?: boolean; readonly modSeq?: boolean } = {},
): Promise<Found> {
  const { view } = open;
  const toldBefore = view.told;
  const all = view.uidNext === 1 ? ([] as number[] as readonly number[] as Ranges) : rangesOf([1, view.uidNext - 1], 0);
  const uids = plan.candidates === null ? all : intersection(all, plan.candidates);
  const search: Search = { ...services, open, plan, uids };
  const { hits, ...looks } = plan.texts.length + plan.words.length === 0 ? NO_LOOKS : await searchTexts({
    ...search,
    check: () => check(search),
    undecided: (known) => undecided(search, known),
  });
  const narrowed = plan.narrowed(hits);
  const found = new Found({ scored });
  const left = narrowed === null ? uids : intersection(uids, narrowed);
  if (!scored && !modSeq && plan.isDecided(hits) && left.length * RANGE_ROWS <= 2 * view.exists) {
    await inTurns(search, addRanges(found, left, view));
  } else {
    const near = narrowed === null ? uids : intersection(uids, coarse(narrowed, GAP_UIDS));
    await lookAtRows({ ...search, uids: near }, looks, (candidate) => {
      if (!fits(search, candidate)) return;
      const { row: { uid, modSeq }, sequence } = candidate;
      found.add({ sequence, uid: uid as Uid, modSeq }, scoreIn(plan, candidate, scored));
    });
  }
  // While it ran messages left the view: the numbers are others now.
  return view.told === toldBefore ? found : renumbered(services, open, found);
}

function scoreIn({ score }: Plan, candidate: Candidate, scored: boolean): number | undefined {
  return scored ? score?.(candidate) ?? FULL_SCORE : undefined;
}

/** Nothing but the row is known. */
const UNREAD = { envelope: undefined, threadId: undefined, annotations: undefined } as const;

/** Calls `look` for each message that can fit, in the order of UIDs, in turns. The candidate is the same each time. */
async function lookAtRows(
  search: Search,
  { holds, grade }: Pick<Looks, "holds" | "grade">,
  look: (candidate: Looked) => void,
): Promise<void> {
  const { shard, turns, open: { of: { account, mailbox }, view }, uids } = search;
  const columns = new RowColumns(Math.min(countOf(uids), ROWS_MAX));
  const row = new ColumnRow(columns, (set) => shard.keywordSet(account, mailbox, set));
  const candidate: Looked = { row, ...UNREAD, holds, grade, sequence: 0 };
  const rankOf = (uid: number) => uid === 1 ? 0 : view.order.rank(uid);
  for (let after = uids.length === 0 ? null : 0; after !== null;) {
    await turns.next();
    check(search);
    const over = turns.begin();
    while (after !== null && !over()) {
      columns.count = 0;
      const wanted: RowRanges = { ranges: uids, after, modSeqAbove: 0, rankOf, lookedMax: ROWS_MAX };
      after = shard.fillRows(account, mailbox, wanted, columns);
      for (row.at = 0; row.at < columns.count; row.at++) {
        if (row.at % LOOKS === LOOKS - 1 && over()) {
          after = row.uid - 1;
          break;
        }
        candidate.envelope = candidate.threadId = candidate.annotations = undefined;
        candidate.sequence = columns.sequence[row.at]! + view.ghostsBelow(row.uid) + 1;
        look(candidate);
      }
    }
  }
}

/** Runs work to its end, as long as somebody waits for it. */
async function inTurns(search: Search, work: Generator<void, void>): Promise<void> {
  for (;;) {
    await search.turns.next();
    check(search);
    for (const over = search.turns.begin(); !over();) if (work.next().done) return;
  }
}

/** A candidate, and its sequence number. */
interface Looked extends Candidate {
  sequence: number;
}

function check({ open: { closed, view } }: Search): void {
  if (closed || view.gone) throw new Failure("not_found", "the view has ended");
}

function fits(search: Search, candidate: Candidate): boolean {
  const verdict = search.plan.test(candidate);
  if (verdict !== null) return verdict;
  const index = search.plan.indexed ? indexOf(search, candidate) : null;
  candidate.envelope = index?.envelope ?? null;
  if (search.plan.annotated) candidate.annotations = annotationsAt(search.shard, search.open, candidate.row.uid);
  if (search.plan.threads) candidate.threadId = threadOf(search, candidate, index);
  return search.plan.test(candidate) === true;
}

function indexOf({ shard, open: { of: { account, mailbox } } }: Search, { row }: Candidate): MessageIndex | null {
  const index = shard.fetchIndex(account, mailbox, row.uid);
  return index === null ? null : readIndex(index);
}

/** Without an index the header says it; "" when that cannot be read. */
function threadOf({ shard, open: { of } }: Search, { row }: Candidate, index: MessageIndex | null): string {
  const facts = index?.facts();
  if (facts) return threadId(facts, emailId(shard.number, row.content));
  try {
    const { bytes } = shard.fetch(of.account, of.mailbox, { uid: row.uid, offset: 0, length: HEADER_BYTES_MAX });
    return threadId(threadIds(parseStructure(bytes).root.fields), emailId(shard.number, row.content));
  } catch (error) {
    if (asFailure(error)?.kind === "corrupt") return "";
    throw error;
  }
}

/** Messages that are not decided by what is known. */
async function undecided(search: Search, known: Looks): Promise<Undecided> {
  const rows: { readonly uids: number[]; readonly contents: number[] } = { uids: [], contents: [] };
  await lookAtRows(search, known, (candidate) => {
    if (search.plan.test(candidate) !== null) return;
    rows.uids.push(candidate.row.uid);
    rows.contents.push(candidate.row.content);
  });
  return rows;
}

/** What was found, as far as it is still there, by its numbers now. */
function renumbered({ shard }: SearchServices, open: OpenView, before: Found): Found {
  const uids = before.uids();
  const { scores } = before;
  const found = new Found({ scored: scores !== null });
  const placeOf = places(uids);
  for (const { row, sequence } of rowsIn(shard, open, { uids, after: 0, index: false })) {
    found.add({ sequence, uid: row.uid as Uid, modSeq: row.modSeq }, scores?.[placeOf(row.uid)]);
  }
  return found;
}

/** Tells the places of UIDs in ranges that hold them, asked for in rising order. */
function places(uids: Ranges): (uid: number) => number {
  let [pair, before] = [0, 0];
  return (uid) => {
    for (; uids[pair + 1]! < uid; pair += 2) before += uids[pair + 1]! - uids[pair]! + 1;
    return before + uid - uids[pair]!;
  };
}
