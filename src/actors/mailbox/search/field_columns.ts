import type { AccountId } from "../../../mail/account.ts";
import { type FieldBlock, FieldColumn } from "../../../storage/mod.ts";

/** Memory of all columns of a worker, in bytes: subjects of a million messages. */
const BYTES_MAX = 64 * 1024 * 1024;
/** Messages that are gone may be in a column, besides as many as are there. */
const GONE_ROWS_MIN = 1_000;

/** A header field in a mailbox. */
export interface ColumnName {
  readonly shard: number;
  readonly account: AccountId;
  readonly mailbox: number;
  readonly field: string;
}

/**
 * Header fields of mailboxes that were searched lately, in memory: of all mailboxes of a worker together no more than so many bytes;
 * what was searched longest ago goes first. All of it can be made again.
 */
export class FieldColumns {
  /** Least recently used first. */
  readonly #columns = new Map<string, FieldColumn>();
  #bytes = 0;
  constructor(private readonly bytesMax = BYTES_MAX) {}

  /** Memory, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The highest UID that is known of a field; 0 when nothing is. */
  lastOf(name: ColumnName): number {
    return this.#columns.get(keyOf(name))?.last ?? 0;
  }
  /** The column of a field, an empty one when there is none, or when most of its messages are gone: `messages` are there. */
  use(name: ColumnName, messages: number): FieldColumn {
    const key = keyOf(name);
    const column = this.#columns.get(key);
    if (column === undefined) return new FieldColumn();
    if (column.rows > 2 * messages + GONE_ROWS_MIN) {
      this.#drop(key, column);
      return new FieldColumn();
    }
    this.#columns.delete(key);
    this.#columns.set(key, column);
    return column;
  }
  /** Adds a block to a column in use, if there is room for it when the others have gone; false: there is none. */
  add(name: ColumnName, column: FieldColumn, block: FieldBlock): boolean {
    const key = keyOf(name);
    // Given up meanwhile, for one that was used later.
    if (column.rows > 0 && this.#columns.get(key) !== column) return false;
    if (column.bytes + block.bytes > this.bytesMax) return false;
    for (const [oldest, other] of this.#columns) {
      if (this.#bytes + block.bytes <= this.bytesMax) break;
      if (other !== column) this.#drop(oldest, other);
    }
    this.#columns.set(key, column);
    this.#bytes -= column.bytes;
    column.add(block);
    this.#bytes += column.bytes;
    return true;
  }
  /** The account is no more. */
  forget(shard: number, account: AccountId): void {
    const of = ofAccount(shard, account);
    for (const [key, column] of this.#columns) if (key.startsWith(of)) this.#drop(key, column);
  }
  #drop(key: string, column: FieldColumn): void {
    this.#columns.delete(key);
    this.#bytes -= column.bytes;
  }
}

function keyOf({ shard, account, mailbox, field }: ColumnName): string {
  return `${ofAccount(shard, account)}${mailbox}/${field}`;
}

/** No account's id holds a line end. */
function ofAccount(shard: number, account: AccountId): string {
  return `${shard}/${account}\n`;
}
