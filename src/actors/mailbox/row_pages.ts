import { asFailure } from "../../base/mod.ts";
import type { ViewRow } from "../../mail/mailbox_view.ts";
import { FLAG_COLUMNS, RowColumns } from "../../mail/row_columns.ts";
import type { MessageAnnotation } from "../../mail/message_annotation.ts";
import type { FullRow, ShardStore } from "../../storage/mod.ts";
import { countOf, pairsFrom, type Ranges } from "../../mail/ranges.ts";
import type { View } from "./views/mod.ts";
import type { OpenView } from "./view_book.ts";

/** Rows of one answer. */
export const PAGE_ROWS_MAX = 1_000;
/** Bytes of one answer, about: one message of the actor system, and one piece of a session's output. */
export const PAGE_BYTES_MAX = 256 * 1024;
/** Rows looked at for one answer, when few of them are wanted. */
export const PAGE_LOOKED_MAX = 20_000;
/** Rows read from the store at once: the fewest, one block, where a set is of many UIDs that may be close together; and the most. */
const READ_ROWS_MIN = 64;
const READ_ROWS = 500;
/** The same when their MIME indexes are wanted, of some KB each. */
const READ_INDEXES = 64;
/** Messages whose first bytes go with their rows, in bytes: the checksum of a larger one takes long, for a page of them too long. */
const HEAD_OF_BYTES_MAX = 128 * 1024;
/** Bytes of a row in an answer, without what varies in length. */
const ROW_BYTES = 160;

/** UIDs as ranges, or as pairs of first and last that are found one by one. */
type Uids = Ranges | Iterable<readonly [number, number]>;

export interface PageWanted {
  readonly uids: Uids;
  /** Rows with a higher UID. */
  readonly after: number;
  readonly index: boolean;
  /** So many bytes of the beginning of each message; 0 when absent. */
  readonly headBytes?: number;
  /** Whether their annotations are wanted. */
  readonly annotations?: boolean;
  /** Which of the rows are wanted; all when absent. */
  readonly wants?: (row: FullRow) => boolean;
}

export interface Page {
  readonly rows: ViewRow[];
  /** The UID after which to go on; null when that was all. */
  readonly next: number | null;
}

/** Rows of a view, as many as fit one answer. */
export function readPage(shard: ShardStore, open: OpenView, wanted: PageWanted): Page {
  const rows: ViewRow[] = [];
  let bytes = 0;
  let looked = 0;
  for (const { row, sequence } of rowsIn(shard, open, wanted)) {
    const after = row.uid - 1;
    if (rows.length >= PAGE_ROWS_MAX || bytes >= PAGE_BYTES_MAX || ++looked > PAGE_LOOKED_MAX) {
      return { rows, next: after };
    }
    if (wanted.wants?.(row) === false) continue;
    const shown = viewRow(open.view, row, { shard: shard.number, sequence, index: wanted.index });
    const head = headOf(row, wanted.headBytes ?? 0, { shard, of: open.of });
    const annotations = wanted.annotations === true ? annotationsAt(shard, open, row.uid) : [];
    for (const { entry, value } of annotations) bytes += entry.length + value.length;
    rows.push({ ...shown, ...(head === null ? {} : { head }), ...(annotations.length === 0 ? {} : { annotations }) });
    bytes += ROW_BYTES + (row.index?.length ?? 0) + (head?.length ?? 0) + charsOf(row.keywords);
  }
  return { rows, next: null };
}

/** What an account sees of the annotations of a message. */
export function annotationsAt(
  shard: ShardStore,
  { account, of }: Pick<OpenView, "account" | "of">,
  uid: number,
): readonly MessageAnnotation[] {
  const annotations = shard.annotations(of.account, of.mailbox, uid, uid)[0]?.annotations ?? [];
  return account === of.account ? annotations : annotations.filter(({ scope }) => scope === "shared");
}

/** The first bytes of a message; null when they are not wanted, or whoever wants them has to ask for them alone. */
function headOf(
  { uid, size }: FullRow,
  length: number,
  { shard, of: { account, mailbox } }: { readonly shard: ShardStore; readonly of: OpenView["of"] },
): Uint8Array | null {
  if (length === 0 || size > HEAD_OF_BYTES_MAX) return null;
  try {
    return shard.fetch(account, mailbox, { uid, offset: 0, length }).bytes;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return null;
  }
}

/** UIDs of the rows within ranges, at most `limit`, from `after` on; of those with all of these flags. */
export function readUids(
  shard: ShardStore,
  { of: { account, mailbox } }: Pick<OpenView, "of">,
  wanted: { readonly uids: Ranges; readonly after: number; readonly limit: number; readonly flags?: number },
): { readonly uids: number[]; readonly next: number | null } {
  const { uids, after, limit, flags = 0 } = wanted;
  const rows = new RowColumns(Math.min(limit, countOf(uids)), FLAG_COLUMNS);
  const look = { ranges: uids, after, modSeqAbove: 0, rankOf: () => 0, lookedMax: limit };
  const next = uids.length === 0 ? null : shard.fillRows(account, mailbox, look, rows);
  const found: number[] = [];
  for (let i = 0; i < rows.count; i++) if ((rows.flags[i]! & flags) === flags) found.push(rows.uid[i]!);
  return { uids: found, next };
}

interface RowsWanted extends Pick<PageWanted, "uids" | "after" | "index"> {
  /** Whether sequence numbers are wanted (default); they cost a count of the mailbox. */
  readonly numbered?: boolean;
}

/** The store's rows within ranges of UIDs, rising, with their sequence numbers in the view (else 0). All of one turn. */
export function* rowsIn(
  shard: ShardStore,
  { of: { account, mailbox }, view }: OpenView,
  { uids, after, index, numbered = true }: RowsWanted,
): Generator<{ readonly row: FullRow; readonly sequence: number }> {
  let buffer: readonly FullRow[] = [];
  let at = 0;
  /** Rows of the store before the row at `at`; -1 when not known. */
  let rank = -1;
  const fewest = Array.isArray(uids) && uids.length === 2 ? 1 : READ_ROWS_MIN;
  const pairs = Array.isArray(uids) ? pairsFrom(uids as readonly number[] as Ranges, after) : uids;
  for (const [start, last] of pairs as Iterable<readonly [number, number]>) {
    const first = Math.max(start, after + 1);
    if (first > last) continue;
    for (let from = first; from <= last;) {
      while (at < buffer.length && buffer[at]!.uid < from) {
        at++;
        if (rank >= 0) rank++;
      }
      if (at === buffer.length) {
        const limit = index
          ? Math.min(READ_INDEXES, last - from + 1)
          : Math.max(fewest, Math.min(READ_ROWS, last - from + 1));
        const read = shard.rowsAt(account, mailbox, from - 1, { limit, index });
        if (read.rows.length === 0) break;
        const follows = rank >= 0 && buffer.length > 0 && buffer.at(-1)!.uid === from - 1;
        buffer = read.rows;
        at = 0;
        if (!follows) rank = -1;
      }
      const row = buffer[at]!;
      if (row.uid > last) break;
      if (rank < 0 && numbered) rank = from === 1 ? 0 : view.order.rank(row.uid);
      yield { row, sequence: numbered ? rank + view.ghostsBelow(row.uid) + 1 : 0 };
      from = row.uid + 1;
    }
  }
}

export function viewRow(
  view: View,
  row: FullRow,
  { shard, sequence, index }: { readonly shard: number; readonly sequence: number; readonly index: boolean },
): ViewRow {
  const { uid, modSeq, flags, keywords, size, internalDateMs, savedMs } = row;
  const shown = {
    sequence,
    uid,
    modSeq,
    flags,
    keywords,
    recent: uid >= view.recentFrom,
    size,
    internalDateMs,
    savedMs,
    objectId: emailId(shard, row.content),
  };
  return index ? { ...shown, index: row.index ?? null } : shown;
}

/** EMAILID (RFC 8474 §5.1): the content's number, unique among all shards. */
export function emailId(shard: number, content: number): string {
  return `${emailIdPrefix(shard)}${content.toString(36)}`;
}

/** What all EMAILIDs of a shard begin with. */
export function emailIdPrefix(shard: number): string {
  return `M${shard.toString(36)}-`;
}

function charsOf(keywords: readonly string[]): number {
  let chars = 0;
  for (const keyword of keywords) chars += keyword.length;
  return chars;
}
