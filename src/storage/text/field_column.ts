import { UnreadTexts } from "./unread_texts.ts";

/** Room for small blocks to grow into one: characters of a block. */
const BLOCK_CHARS = 64 * 1024;
/** Rows of one block. */
const BLOCK_ROWS = 4_096;
/** Memory of a block beside its characters and rows, in bytes; and of a row: its UID, and where its text begins. */
const BLOCK_BYTES = 256;
const ROW_BYTES = 8;

/** Rows in the order of their UIDs, with what a header field of each says: its lines, each with an LF at its end, "" for none. */
export class FieldBlock {
  private constructor(
    private readonly uids: Uint32Array,
    /** Where the text of each row begins; behind the last one where it ends. */
    private readonly starts: Uint32Array,
    private readonly text: string,
  ) {}

  /** `uids` rise. */
  static of(uids: ArrayLike<number>, texts: readonly string[]): FieldBlock {
    const starts = new Uint32Array(texts.length + 1);
    for (let i = 0; i < texts.length; i++) starts[i + 1] = starts[i]! + texts[i]!.length;
    return new FieldBlock(Uint32Array.from(uids), starts, texts.join(""));
  }

  get rows(): number {
    return this.uids.length;
  }
  get last(): number {
    return this.uids[this.uids.length - 1]!;
  }
  /** Memory, in bytes. */
  get bytes(): number {
    return BLOCK_BYTES + this.uids.length * ROW_BYTES + this.text.length;
  }
  /** Whether a block that follows fits into one with this. */
  hasRoomFor(other: FieldBlock): boolean {
    return this.rows + other.rows <= BLOCK_ROWS && this.text.length + other.text.length <= BLOCK_CHARS;
  }
  /** Both as one. */
  with(other: FieldBlock): FieldBlock {
    const { rows } = this;
    const uids = new Uint32Array(rows + other.rows);
    uids.set(this.uids);
    uids.set(other.uids, rows);
    const starts = new Uint32Array(uids.length + 1);
    starts.set(this.starts);
    for (let i = 0; i <= other.rows; i++) starts[rows + i] = this.text.length + other.starts[i]!;
    return new FieldBlock(uids, starts, [this.text, other.text].join(""));
  }
  /** Notes the rows that hold the needle, as `findIn` has it, at the speed of a native substring search. */
  find(needle: string, into: FoundRows): void {
    const { text, starts, uids } = this;
    const { length: rows } = uids;
    // An empty one is found where there is anything.
    const length = Math.max(1, needle.length);
    for (let row = 0, hit = text.indexOf(needle); hit >= 0;) {
      const first = row = this.#rowAt(hit, row);
      // Where one row holds the needle, the next ones often do.
      while (row < rows && hit >= 0 && hit + length <= starts[row + 1]!) {
        hit = text.indexOf(needle, starts[++row]!);
      }
      if (row > first) into.add(uids[first]!, first, { uid: uids[row - 1]!, row: row - 1 });
      else if (row === rows) break;
      else hit = text.indexOf(needle, starts[++row]!);
    }
    into.endBlock(rows);
  }
  /** The row in whose text a character is, from a row on that is not behind it; all rows when there is none. */
  #rowAt(place: number, from: number): number {
    const { starts } = this;
    let [low, high] = [from, this.uids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle + 1]! <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Rows that were found in blocks one after the other: pairs of first and last UID, between which there are no other rows. */
export class FoundRows {
  readonly pairs: number[] = [];
  /** Rows of the blocks before, and the last row that was found. */
  #before = 0;
  #last = -1;

  /** Adds a row of the block at hand, and those behind it up to `last`. */
  add(uid: number, row: number, last: { readonly uid: number; readonly row: number } = { uid, row }): void {
    if (this.#last === this.#before + row - 1 && this.pairs.length > 0) this.pairs[this.pairs.length - 1] = last.uid;
    else this.pairs.push(uid, last.uid);
    this.#last = this.#before + last.row;
  }
  endBlock(rows: number): void {
    this.#before += rows;
  }
}

/** What a header field says in the messages of a mailbox, from the first one on: in memory, made from the texts that are kept. */
export class FieldColumn {
  readonly unread = new UnreadTexts();
  readonly #blocks: FieldBlock[] = [];
  #rows = 0;
  #bytes = 0;

  get blocks(): readonly FieldBlock[] {
    return this.#blocks;
  }
  get rows(): number {
    return this.#rows;
  }
  /** Memory, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The highest UID in it; 0 when it is empty. */
  get last(): number {
    return this.#blocks.at(-1)?.last ?? 0;
  }
  /** Adds a block whose UIDs are above all others. */
  add(block: FieldBlock): void {
    this.#rows += block.rows;
    const last = this.#blocks.at(-1);
    if (last?.hasRoomFor(block) !== true) {
      this.#bytes += block.bytes;
      this.#blocks.push(block);
      return;
    }
    const joined = last.with(block);
    this.#bytes += joined.bytes - last.bytes;
    this.#blocks[this.#blocks.length - 1] = joined;
  }
}
