import type { AccountId } from "../../../mail/account.ts";
import { type FieldBlock, FieldColumn, type PlaceBlock, PlaceColumn } from "../../../storage/mod.ts";

/** Memory of all columns of a worker, in bytes: subjects of a million messages, or where texts of six millions lie. */
const BYTES_MAX = 64 * 1024 * 1024;
/** Messages that are gone may be in a column, besides as many as are there. */
const GONE_ROWS_MIN = 1_000;

/** A header field in a mailbox; the field "" is where the texts of its messages lie. */
export interface ColumnName {
  readonly shard: number;
  readonly account: AccountId;
  readonly mailbox: number;
  readonly field: string;
}

/** Something of the messages of a mailbox, from the first one on. */
interface Column<Block> {
  readonly rows: number;
  /** The highest UID in it; 0 when it is empty. */
  readonly last: number;
  /** Memory, in bytes. */
  readonly bytes: number;
  /** Adds rows whose UIDs are above all others. */
  add(block: Block): void;
}

/**
 * What is kept in memory of mailboxes that were searched lately: of all mailboxes of a worker together no more than so many bytes;
 * what was searched longest ago goes first. All of it can be made again.
 */
class MailboxColumns<Block extends { readonly bytes: number }, Kept extends Column<Block>> {
  /** Least recently used first. */
  readonly #columns = new Map<string, Kept>();
  #bytes = 0;
  constructor(private readonly bytesMax = BYTES_MAX) {}

  /** Memory, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The highest UID that is known of a column; 0 when nothing is. */
  lastOf(name: ColumnName): number {
    return this.#columns.get(keyOf(name))?.last ?? 0;
  }
  /** The column that is kept; null when there is none, or most of its messages are gone: `messages` are there. */
  kept(name: ColumnName, messages: number): Kept | null {
    const key = keyOf(name);
    const column = this.#columns.get(key);
    if (column === undefined) return null;
    this.#columns.delete(key);
    if (column.rows > 2 * messages + GONE_ROWS_MIN) {
      this.#bytes -= column.bytes;
      return null;
    }
    this.#columns.set(key, column);
    return column;
  }
  /** Adds a block to a column in use, if there is room for it when the others have gone; false: there is none. */
  add(name: ColumnName, column: Kept, block: Block): boolean {
    const key = keyOf(name);
    // Given up meanwhile, for one that was used later.
    if (column.rows > 0 && this.#columns.get(key) !== column) return false;
    if (column.bytes + block.bytes > this.bytesMax) return false;
    const before = this.#columns.get(key);
    if (before !== undefined && before !== column) this.#drop(key, before);
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
  #drop(key: string, column: Kept): void {
    this.#columns.delete(key);
    this.#bytes -= column.bytes;
  }
}

/** Header fields of mailboxes. */
export class FieldColumns extends MailboxColumns<FieldBlock, FieldColumn> {
  /** The column of a field, an empty one when none is kept: `messages` are there. */
  use(name: ColumnName, messages: number): FieldColumn {
    return this.kept(name, messages) ?? new FieldColumn();
  }
}

/** Where texts of mailboxes lie. */
export class PlaceColumns extends MailboxColumns<PlaceBlock, PlaceColumn> {
  /** The column of a mailbox for files as they are, an empty one when none is kept: `messages` are there. */
  use(name: ColumnName, messages: number, files: number): PlaceColumn {
    const column = this.kept(name, messages);
    return column?.files === files ? column : new PlaceColumn(files);
  }
}

function keyOf({ shard, account, mailbox, field }: ColumnName): string {
  return `${ofAccount(shard, account)}${mailbox}/${field}`;
}

/** No account's id holds a line end. */
function ofAccount(shard: number, account: AccountId): string {
  return `${shard}/${account}\n`;
}
