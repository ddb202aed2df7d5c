import { asFailure, Failure } from "../../../base/mod.ts";
import type { Uid } from "../../../mail/uid.ts";
import { readIndex } from "../../../mime/mod.ts";
import { RowColumns } from "../../../mail/row_columns.ts";
import type { RowRanges, ShardStore } from "../../../storage/mod.ts";
import { rowsIn } from "../row_pages.ts";
import type { OpenView } from "../view_book.ts";
import { countOf, intersection, type Ranges, rangesOf } from "../views/mod.ts";
import { type Candidate, ColumnRow } from "./candidate.ts";
import { Found } from "./found.ts";
import type { Plan } from "./plan.ts";
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
export async function runSearch(services: SearchServices, open: OpenView, plan: Plan): Promise<Found> {
  const { view } = open;
  const toldBefore = view.told;
  const all = view.uidNext === 1 ? ([] as number[] as readonly number[] as Ranges) : rangesOf([1, view.uidNext - 1], 0);
  const uids = plan.candidates === null ? all : intersection(all, plan.candidates);
  const search: Search = { ...services, open, plan, uids };
  const holds = plan.texts.length === 0 ? null : await searchTexts(search);
  const found = new Found();
  await inTurns(search, holds, (candidate) => {
    const { row: { uid, modSeq }, sequence } = candidate;
    if (fits(search, candidate)) found.add({ sequence, uid: uid as Uid, modSeq });
  });
  // While it ran messages left the view: the numbers are others now.
  return view.told === toldBefore ? found : renumbered(services, open, found.uids());
}

/** Calls `look` for each message that can fit, in the order of UIDs, in turns. The candidate is the same each time. */
async function inTurns(search: Search, holds: Candidate["holds"], look: (candidate: Looked) => void): Promise<void> {
  const { shard, turns, open: { of: { account, mailbox }, view }, uids } = search;
  const columns = new RowColumns(Math.min(countOf(uids), ROWS_MAX));
  const row = new ColumnRow(columns, (set) => shard.keywordSet(account, mailbox, set));
  const candidate: Looked = { row, envelope: undefined, holds, sequence: 0 };
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
        candidate.envelope = undefined;
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
  candidate.envelope = envelopeOf(search, candidate);
  return search.plan.test(candidate) === true;
}

function envelopeOf({ shard, open: { of: { account, mailbox } } }: Search, { row }: Candidate): Uint8Array | null {
  const index = shard.fetchIndex(account, mailbox, row.uid);
  return index === null ? null : readIndex(index)?.envelope ?? null;
}

/** Looks for the plan's texts in all messages that rows do not decide alone, before any of them is judged. */
async function searchTexts(search: Search): Promise<NonNullable<Candidate["holds"]>> {
  const { open: { of }, shard, plan, texts } = search;
  const contents: number[] = [];
  const uids: number[] = [];
  await inTurns(search, null, (candidate) => {
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
  const found = await texts.find({ account: of.account, contents, read, check: () => check(search) }, plan.texts);
  return (content, key) => found[key]!.has(content);
}

function renumbered({ shard }: SearchServices, open: OpenView, uids: Ranges): Found {
  const found = new Found();
  for (const { row, sequence } of rowsIn(shard, open, { uids, after: 0, index: false })) {
    found.add({ sequence, uid: row.uid as Uid, modSeq: row.modSeq });
  }
  return found;
}
