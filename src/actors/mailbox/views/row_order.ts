import { assert } from "../../../base/mod.ts";
import { pairFrom, type Ranges } from "../../../mail/ranges.ts";
import { BlockTree, type Counts } from "./block_tree.ts";

/** UIDs of one block of the store's rows: [block * 64, block * 64 + 64). */
export const BLOCK_UIDS = 64;

/** What the order of rows is read from: the store, as it is at this moment. */
export interface RowSource {
  /** The blocks that have rows. */
  counts(): Counts;
  /** UIDs of a block's rows, rising. */
  uidsOf(block: number): readonly number[];
}

/** Blocks looked at from the end back before counts of all are made for the question which row is the last. */
const TAIL_BLOCKS = 4;

/**
 * The rows of one mailbox in the order of their UIDs, shared by all views of it: which place has a UID, which UID has a place.
 * Counts are made when the first such question comes, and kept up to date; a block is read from the store for each question.
 */
export class RowOrder {
  #counts: BlockTree | null = null;
  #read: { readonly block: number; readonly uids: readonly number[] } | null = null;
  constructor(private readonly source: RowSource) {}

  /** Memory of the counts, in bytes; 0 until somebody asked. */
  get bytes(): number {
    return this.#counts?.bytes ?? 0;
  }
  /** How many rows have a lower UID. */
  rank(uid: number): number {
    const block = Math.floor(uid / BLOCK_UIDS);
    const counts = this.#made();
    return counts.before(block) + this.#within(counts.of(block), block, uid);
  }
  /** The UID of the row with `index` rows before it; 0 when there are not so many. */
  select(index: number): number {
    const counts = this.#made();
    if (index < 0 || index >= counts.total) return 0;
    const { block, skip } = counts.at(index);
    if (counts.of(block) === BLOCK_UIDS) return block * BLOCK_UIDS + skip;
    const uid = this.#uidsOf(block)[skip];
    assert(uid !== undefined, "the counts are those of the store");
    return uid;
  }
  has(uid: number): boolean {
    const uids = this.#uidsOf(Math.floor(uid / BLOCK_UIDS));
    return uids[indexIn(uids, uid)] === uid;
  }
  /** The highest UID below `uidNext`; 0 when there is none. */
  lastBelow(uidNext: number): number {
    const first = Math.floor((uidNext - 1) / BLOCK_UIDS);
    for (let block = first; block >= 0 && block > first - TAIL_BLOCKS; block--) {
      const uids = this.#uidsOf(block);
      const at = indexIn(uids, uidNext);
      if (at > 0) return uids[at - 1]!;
    }
    return first < TAIL_BLOCKS ? 0 : this.select(this.rank(uidNext) - 1);
  }
  /**
   * The UID up to which ranges name no more than `most` rows, counted from above `after` on by whole blocks, of which `most` are
   * some; null: all of them are not more.
   */
  endOf(ranges: Ranges, after: number, most: number): number | null {
    let left = most;
    for (let i = pairFrom(ranges, after + 1); i < ranges.length; i += 2) {
      const [first, last] = [Math.max(ranges[i]!, after + 1), ranges[i + 1]!];
      // So many UIDs have no more rows.
      let rows = last - first + 1;
      if (rows > left) {
        const counts = this.#made();
        const before = counts.before(Math.floor(first / BLOCK_UIDS));
        rows = Math.min(rows, counts.before(Math.floor(last / BLOCK_UIDS) + 1) - before);
        if (rows > left) {
          const end = counts.at(before + left).block * BLOCK_UIDS - 1;
          return end >= first ? end : ranges[i - 1]!;
        }
      }
      left -= rows;
    }
    return null;
  }
  /** Rows were added; their UIDs are above all others. */
  added(uids: readonly number[]): void {
    this.#read = null;
    if (this.#counts !== null) { for (const uid of uids) this.#counts.add(Math.floor(uid / BLOCK_UIDS), 1); }
  }
  removed(uids: readonly number[]): void {
    this.#read = null;
    if (this.#counts !== null) { for (const uid of uids) this.#counts.add(Math.floor(uid / BLOCK_UIDS), -1); }
  }
  /**
   * Pairs of UIDs within [first, last] that no row has, given to `report`; blocks that are full or empty are not read. After
   * `blocksMax` blocks it ends and answers the UID from which to go on; else null.
   */
  eachGap(
    first: number,
    last: number,
    report: (first: number, last: number) => void,
    blocksMax = Infinity,
  ): number | null {
    const counts = this.#made();
    let from = first;
    let index = this.rank(first);
    for (let blocks = 0; index < counts.total; blocks++) {
      if (blocks >= blocksMax) return from;
      const { block, skip } = counts.at(index);
      const uids = counts.of(block) === BLOCK_UIDS ? null : this.#uidsOf(block);
      const end = counts.of(block);
      for (let i = skip; i < end; i++) {
        const uid = uids === null ? block * BLOCK_UIDS + i : uids[i]!;
        if (uid > last) break;
        if (uid > from) report(from, uid - 1);
        from = uid + 1;
      }
      index += end - skip;
      if ((block + 1) * BLOCK_UIDS > last) break;
    }
    if (from <= last) report(from, last);
    return null;
  }
  #within(rows: number, block: number, uid: number): number {
    if (rows === 0) return 0;
    return rows === BLOCK_UIDS ? uid % BLOCK_UIDS : indexIn(this.#uidsOf(block), uid);
  }
  #made(): BlockTree {
    return this.#counts ??= new BlockTree(this.source.counts());
  }
  #uidsOf(block: number): readonly number[] {
    if (this.#read?.block !== block) this.#read = { block, uids: this.source.uidsOf(block) };
    return this.#read.uids;
  }
}

/** How many of rising UIDs are below `uid`. */
function indexIn(uids: readonly number[], uid: number): number {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle]! < uid) low = middle + 1;
    else high = middle;
  }
  return low;
}
