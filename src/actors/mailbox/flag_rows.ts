import type { FlagRow } from "../../mail/mailbox_view.ts";
import type { FullRow, ShardStore } from "../../storage/mod.ts";
import { PAGE_BYTES_MAX, PAGE_LOOKED_MAX, PAGE_ROWS_MAX, type PageWanted, rowsIn } from "./row_pages.ts";
import type { OpenView } from "./view_book.ts";

/** Bytes of a row in an answer, without its keywords. */
const ROW_BYTES = 80;

/** Flags of the rows of a view, as many as fit one answer; `next` is the UID after which to go on, null when that was all. */
export function readFlags(
  shard: ShardStore,
  open: OpenView,
  { uids, after, wants }: Pick<PageWanted, "uids" | "after" | "wants">,
): { readonly rows: FlagRow[]; readonly next: number | null } {
  const rows: FlagRow[] = [];
  let bytes = 0;
  let looked = 0;
  for (const { row, sequence } of rowsIn(shard, open, { uids, after, index: false })) {
    if (rows.length >= PAGE_ROWS_MAX || bytes >= PAGE_BYTES_MAX || ++looked > PAGE_LOOKED_MAX) {
      return { rows, next: row.uid - 1 };
    }
    if (wants?.(row) === false) continue;
    rows.push(flagRow(row, sequence, open.view.recentFrom));
    bytes += ROW_BYTES + row.keywords.reduce((chars, keyword) => chars + keyword.length, 0);
  }
  return { rows, next: null };
}

function flagRow({ uid, modSeq, flags, keywords }: FullRow, sequence: number, recentFrom: number): FlagRow {
  return { sequence, uid, modSeq, flags, keywords, recent: uid >= recentFrom };
}
