import type { BlockCounts } from "../account/types.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { allBlockCounts, blockCountsKey, readBlockCountsChunk, readRowsBlock, rowsFrom } from "../layout/keys.ts";
import { BLOCK_UIDS, rowsIn } from "../row_block.ts";
import type { MailboxCounters } from "../layout/values.ts";

/*
 * Sequence numbers are counted by blocks of UIDs. How many rows a block has stands in a table of its own, an octet each, so that
 * a million messages are counted by sixteen rows. The newest block is not in it: it has what the counters of the mailbox say
 * beyond all others, and so a delivery writes no row more.
 */
const CHUNK_BLOCKS = 1_024;

/** The newest block of a mailbox: new rows go there, or into the next one. */
export function newestBlock({ uidNext }: Pick<MailboxCounters, "uidNext">): number {
  return Math.floor((uidNext - 1) / BLOCK_UIDS);
}

/** Writes the counts of some blocks of a mailbox, none of them the newest. */
export function putBlockCounts(
  index: IndexEnv,
  at: { readonly account: string; readonly number: number },
  counts: ReadonlyMap<number, number>,
): void {
  const chunks = new Map<number, Uint8Array>();
  for (const [block, rows] of counts) {
    const chunk = Math.floor(block / CHUNK_BLOCKS);
    let bytes = chunks.get(chunk) ?? new Uint8Array(index.get(blockCountsKey(at.account, at.number, chunk)) ?? []);
    if (bytes.length <= block % CHUNK_BLOCKS) {
      const more = new Uint8Array(block % CHUNK_BLOCKS + 1);
      more.set(bytes);
      bytes = more;
    }
    bytes[block % CHUNK_BLOCKS] = rows;
    chunks.set(chunk, bytes);
  }
  for (const [chunk, bytes] of chunks) {
    let used = bytes.length;
    while (used > 0 && bytes[used - 1] === 0) used--;
    const key = blockCountsKey(at.account, at.number, chunk);
    if (used === 0) index.remove(key);
    else index.put(key, bytes.subarray(0, used));
  }
}

/** Counts all blocks of a mailbox anew, from their rows: for one that schema 1 wrote. */
export function countBlocks(index: IndexEnv, account: string, mailbox: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let from = 0;;) {
    const stored = index.range({ ...rowsFrom(account, mailbox, from), limit: 256 });
    for (const { key, value } of stored) counts.set(readRowsBlock(key), rowsIn(value));
    const last = stored.at(-1);
    if (last === undefined || stored.length < 256) return counts;
    from = readRowsBlock(last.key) + 1;
  }
}

/** Rows in each block of a mailbox. */
export function readBlockCounts(
  index: IndexEnv,
  at: { readonly account: string; readonly mailbox: number },
  counters: MailboxCounters,
): BlockCounts {
  if (counters.form === "uncounted") return asCounts(countBlocks(index, at.account, at.mailbox));
  const chunks = index.range({ ...allBlockCounts(at.account, at.mailbox), limit: Infinity });
  let length = 1;
  for (const { value } of chunks) length += value.length;
  const blocks = new Uint32Array(length);
  const rows = new Uint8Array(length);
  let used = 0;
  let others = 0;
  for (const { key, value } of chunks) {
    const first = readBlockCountsChunk(key) * CHUNK_BLOCKS;
    for (let i = 0; i < value.length; i++) {
      if (value[i] === 0) continue;
      blocks[used] = first + i;
      rows[used++] = value[i]!;
      others += value[i]!;
    }
  }
  if (counters.messages > others) {
    blocks[used] = newestBlock(counters);
    rows[used++] = counters.messages - others;
  }
  return { blocks: blocks.subarray(0, used), rows: rows.subarray(0, used) };
}

function asCounts(counts: ReadonlyMap<number, number>): BlockCounts {
  return { blocks: Uint32Array.from(counts.keys()), rows: Uint8Array.from(counts.values()) };
}
