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
import { countOf, intersection, type Ranges, rangesOf } from "../views/mod.ts";
import { type Candidate, ColumnRow } from "./candidate.ts";
import { Found } from "./found.ts";
import type { Plan } from "./plan.ts";
import { FULL_SCORE } from "./relevancy.ts";
import type { TextSearch } from "./text_search.ts";
import type { Turns } from "./turns.ts";

/** Rows read at once. */
const ROWS_MAX = 1_024;
/** Rows looked at before the clock is. */
const LOOKS = 16;
/** Bytes of a message that are searched: what lies behind is attachments, or nobody reads it. */
const SEARCHED_BYTES_MAX = 8 * 1024 * 1024;

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
 */
export async function runSearch(
  services: SearchServices,
  open: OpenView,
  plan: Plan,
  { scored = false }: { readonly scored?: boolean } = {},
): Promise<Found> {
  const { view } = open;
  const toldBefore = view.told;
  const all = view.uidNext === 1 ? ([] as number[] as readonly number[] as Ranges) : rangesOf([1, view.uidNext - 1], 0);
  const uids = plan.candidates === null ? all : intersection(all, plan.candidates);
  const search: Search = { ...services, open, plan, uids };
  const looks = plan.texts.length + plan.words.length === 0 ? NO_LOOKS : await searchTexts(search);
  const found = new Found({ scored });
  await inTurns(search, looks, (candidate) => {
    if (!fits(search, candidate)) return;
    const { row: { uid, modSeq }, sequence } = candidate;
    found.add({ sequence, uid: uid as Uid, modSeq }, scoreIn(plan, candidate, scored));
  });
  // While it ran messages left the view: the numbers are others now.
  return view.told === toldBefore ? found : renumbered(services, open, found);
}

function scoreIn({ score }: Plan, candidate: Candidate, scored: boolean): number | undefined {
  return scored ? score?.(candidate) ?? FULL_SCORE : undefined;
}

/** What is known of texts. */
type Looks = Pick<Candidate, "holds" | "grade">;

const NO_LOOKS: Looks = { holds: null, grade: null };

/** Nothing but the row is known. */
const UNREAD = { envelope: undefined, threadId: undefined, annotations: undefined } as const;

/** Calls `look` for each message that can fit, in the order of UIDs, in turns. The candidate is the same each time. */
async function inTurns(search: Search, looks: Looks, look: (candidate: Looked) => void): Promise<void> {
  const { shard, turns, open: { of: { account, mailbox }, view }, uids } = search;
  const columns = new RowColumns(Math.min(countOf(uids), ROWS_MAX));
  const row = new ColumnRow(columns, (set) => shard.keywordSet(account, mailbox, set));
  const candidate: Looked = { row, ...UNREAD, ...looks, sequence: 0 };
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

/** Looks for the plan's texts in all messages that rows do not decide alone, before any of them is judged. */
async function searchTexts(search: Search): Promise<Looks> {
  const { open: { of }, shard, plan, texts } = search;
  const contents: number[] = [];
  const uids: number[] = [];
  await inTurns(search, NO_LOOKS, (candidate) => {
    if (plan.test(candidate) !== null) return;
    contents.push(candidate.row.content);
    uids.push(candidate.row.uid);
  });
  const read = (at: number) => {
    try {
      const range = { uid: uids[at]!, offset: 0, length: SEARCHED_BYTES_MAX };
      return shard.fetch(of.account, of.mailbox, range).bytes;
    } catch (error) {
      // Another session removed it, or its bytes are damaged: it is not found, and the others are.
      const kind = asFailure(error)?.kind;
      if (kind === "not_found" || kind === "corrupt") return null;
      throw error;
    }
  };
  const query = { account: of.account, contents, read, check: () => check(search) };
  const found = plan.texts.length === 0 ? null : await texts.find(query, plan.texts);
  const graded = plan.words.length === 0 ? null : await texts.grade(query, plan.words);
  return {
    holds: found === null ? null : (content, key) => found[key]!.has(content),
    grade: graded === null ? null : (content, word) => graded[word]!.get(content) ?? 0,
  };
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
