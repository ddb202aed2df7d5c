import type { Log } from "../../base/mod.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import type { ColumnOf, IndexColumns } from "../account/types.ts";
import { ColumnBlock } from "./block.ts";
import type { Gathered } from "../reading/gathered.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { columnKey } from "../layout/keys.ts";
import { BLOCK_UIDS } from "../row_block.ts";

export interface KeptColumnsOptions {
  readonly log: Log;
  readonly columns: IndexColumns;
  /** Told of a block that is not kept, or is damaged. */
  readonly missing: (of: ColumnOf, block: number) => void;
}

/**
 * Reads what is kept of the indexes beside the rows of a mailbox. Whatever is not there, or not right, is left to whoever reads the
 * segments: this only makes it faster.
 */
export class KeptColumns {
  readonly #block = new ColumnBlock();
  constructor(private readonly index: IndexEnv, private readonly options: KeptColumnsOptions) {}

  /** Adds what is kept of the rows, from the first one on, until that is more than `bytesMax`. */
  take(rows: RowColumns, of: ColumnOf, into: Gathered, bytesMax: number): void {
    let bytes = 0;
    for (let row = 0; row < rows.count && bytes <= bytesMax;) {
      const number = blockOf(rows, row);
      let end = row + 1;
      while (end < rows.count && blockOf(rows, end) === number) end++;
      if (this.#read(of, number)) bytes += this.#takeBlock(rows, row, end, into);
      row = end;
    }
  }

  /** Mean bytes of what is kept of the messages around a UID; 0 when nothing is. */
  meanBytes(of: ColumnOf, uid: number): number {
    if (!this.#read(of, Math.floor(uid / BLOCK_UIDS))) return 0;
    const { count, starts } = this.#block;
    return count === 0 ? 0 : Math.max(1, (starts[count]! - starts[0]!) / count);
  }

  /** Takes rows of the block that was read; answers how many bytes that are. */
  #takeBlock(rows: RowColumns, from: number, to: number, into: Gathered): number {
    const { count, starts, bytes } = this.#block;
    if (to - from === count && this.#isAll(rows, from)) {
      into.addRun(from, bytes, starts, count);
      return starts[count]! - starts[0]!;
    }
    let taken = 0;
    for (let row = from, i = 0; row < to; row++) {
      const slot = rows.uid[row]! % BLOCK_UIDS;
      while (i < count && this.#block.slots[i]! < slot) i++;
      if (i === count) break;
      if (!this.#isOf(i, rows, row)) continue;
      const length = starts[i + 1]! - starts[i]!;
      into.add(row, bytes, { offset: starts[i]!, length });
      taken += length;
    }
    return taken;
  }

  #isAll(rows: RowColumns, from: number): boolean {
    for (let i = 0; i < this.#block.count; i++) if (!this.#isOf(i, rows, from + i)) return false;
    return true;
  }

  #isOf(i: number, rows: RowColumns, row: number): boolean {
    return this.#block.slots[i] === rows.uid[row]! % BLOCK_UIDS && this.#block.contents[i] === rows.content[row];
  }

  /** Whether the block is there. */
  #read(of: ColumnOf, number: number): boolean {
    const stored = this.index.get(columnKey(of.account, of.mailbox, number, of.column));
    const found = stored === undefined ? "none" : this.#block.read(stored, this.options.columns.version);
    if (found === "ok") return true;
    if (found === "damaged") {
      const { account, mailbox, column } = of;
      this.options.log.error("what is kept of MIME indexes is damaged", { account, mailbox, block: number, column });
    }
    this.options.missing(of, number);
    return false;
  }
}

function blockOf(rows: RowColumns, row: number): number {
  return Math.floor(rows.uid[row]! / BLOCK_UIDS);
}
