import { ColumnBlock } from "./block.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { columnsOfBlock } from "../layout/keys.ts";
import { BLOCK_UIDS } from "../row_block.ts";

/** Columns of a block, at most. */
const COLUMNS_MAX = 256;

/** Removes what is kept of the indexes of a block. */
export function dropColumns(
  index: IndexEnv,
  { account, mailbox }: { readonly account: string; readonly mailbox: number },
  block: number,
): void {
  const entries = index.range({ ...columnsOfBlock(account, mailbox, block), limit: COLUMNS_MAX });
  for (const { key } of entries) index.remove(key);
}

/** What is wrong with what is kept of the indexes of a block; null: nothing. */
export function columnProblem(
  index: IndexEnv,
  { account, mailbox }: { readonly account: string; readonly mailbox: number },
  block: number,
): string | null {
  const read = new ColumnBlock();
  const entries = index.range({ ...columnsOfBlock(account, mailbox, block), limit: COLUMNS_MAX });
  if (!entries.some(({ value }) => read.read(value, value[1] ?? 0) === "damaged")) return null;
  const first = block * BLOCK_UIDS;
  return `what is kept of the MIME indexes of UIDs ${first} to ${first + BLOCK_UIDS - 1} is damaged`;
}
