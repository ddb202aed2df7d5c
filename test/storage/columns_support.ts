import { FakeClock, utf8 } from "../../src/base/mod.ts";
import { RowColumns } from "../../src/mail/row_columns.ts";
import type { IndexColumns, ShardStore } from "../../src/storage/mod.ts";
import { ANNA, mail } from "./support.ts";

const BAR = 0x7c; // "|"

/** Indexes of tests are two texts with a bar between them: two columns. */
export const COLUMNS: IndexColumns = {
  version: 1,
  count: 2,
  find(column, bytes, place) {
    const index = bytes.subarray(place.offset, place.offset + place.length);
    const bar = index.indexOf(BAR);
    if (bar < 0) return false;
    if (column === 1) place.offset += bar + 1;
    place.length = column === 0 ? bar : index.length - bar - 1;
    return true;
  },
};

/** What the index of a message says in each column. */
export function columnText(message: number, column: number): string {
  return column === 0 ? `first ${message} ${"x".repeat(message % 7)}` : `second ${message * 3}`;
}

/** Delivers messages `from` up to, but not including, `to`, whose UIDs are one higher, to anna. */
export async function deliverIndexed(shard: ShardStore, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 50) {
    await Promise.all(Array.from({ length: Math.min(50, to - i) }, (_, k) => {
      const index = utf8(`${columnText(i + k, 0)}|${columnText(i + k, 1)}`);
      return shard.deliver(mail(`body ${i + k}`, { index }));
    }));
  }
}

/** Rows of a mailbox of anna's. */
export function rowsOf(shard: ShardStore, mailbox = 1): RowColumns {
  const rows = new RowColumns(5_000);
  const wanted = { ranges: [1, 100_000], after: 0, modSeqAbove: 0, rankOf: () => 0, lookedMax: 100_000 };
  shard.fillRows(ANNA, mailbox, wanted, rows);
  return rows;
}

/** A column of all messages of a mailbox, null where there is none. */
export function columnOf(shard: ShardStore, column: number, mailbox = 1): (string | null)[] {
  const rows = rowsOf(shard, mailbox);
  const pieces = shard.contents({
    ...{ rows, what: "index", sizeMax: Infinity, bytesMax: 1e6, column: { account: ANNA, mailbox, column } },
    part: (bytes, place) => COLUMNS.find(column, bytes, place),
  });
  return Array.from({ length: pieces.count }, (_, i) => {
    const piece = pieces.at(i);
    return piece === null ? null : new TextDecoder().decode(piece);
  });
}

/** Whether a column is kept for the messages around a UID. */
export function isKept(shard: ShardStore, uid: number, mailbox = 1): boolean {
  const [first, second] = [0, 1].map((column) => shard.columnBytes({ account: ANNA, mailbox, column }, uid) > 0);
  return first === true && second === true;
}

/** Lets the shard rest, so that what is to be kept is made: all of it, in many steps. */
export function rest(clock: FakeClock): void {
  for (let i = 0; i < 100; i++) clock.advance(100);
}
