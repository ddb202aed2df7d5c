import { crc32c } from "@node-rs/crc32";
import { asFailure } from "../../base/mod.ts";
import { Pieces } from "../../mail/pieces.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import type { ContentsWanted, RowRanges } from "../account/types.ts";
import { BodyPages } from "./body_pages.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import {
  bodyKey,
  type Key,
  mailboxKey,
  nextBodyKey,
  nextRowsKey,
  readRowsBlock,
  rowsFrom,
  rowsKey,
} from "../layout/keys.ts";
import type { KeptColumns } from "../columns/kept.ts";
import { getU32 } from "../layout/pack.ts";
import { Gathered } from "./gathered.ts";
import { addToColumns, BLOCK_UIDS } from "../row_block.ts";
import { LooseRooms } from "./rooms.ts";
import { RECORD_HEADER_BYTES, type Segments } from "../disk/segments.ts";
import { type BodyPlace, decodeBody, decodeMailbox } from "../layout/values.ts";

/** Blocks read from the index at once, at most, behind one that is not there. */
const READ_BLOCKS = 64;
/** What lies between two pieces is read with them when it is no more than this, in bytes: cheaper than a read of its own. */
const GAP_BYTES_MAX = 16_384;
/** Bytes behind an index: its checksum. */
const CRC_BYTES = 4;
/** Rows whose contents are read at once, and their bytes: what the caches of a processor hold. */
const CHUNK_ROWS = 256;
const CHUNK_BYTES = 256 * 1024;
/** Bytes read for one answer. */
const READ_BYTES_MAX = 2 * 1024 * 1024;

/** Reads many rows, and what lies behind them, at a time; from committed state. */
export class PageReader {
  readonly #rooms = new LooseRooms();
  readonly #bodies: BodyPages;
  constructor(
    private readonly state: { readonly index: IndexEnv; readonly segments: Segments },
    private readonly kept: KeptColumns | null = null,
  ) {
    this.#bodies = new BodyPages(state);
  }

  fillRows(account: string, mailbox: number, wanted: RowRanges, into: RowColumns): number | null {
    const counters = this.state.index.get(mailboxKey(account, mailbox));
    if (counters === undefined || decodeMailbox(counters).form === "removed") return null;
    const blocks = new Blocks(this.state.index, { account, mailbox, rows: into.capacity - into.count });
    const { ranges, modSeqAbove, rankOf, lookedMax } = wanted;
    let looked = 0;
    for (let i = 0; i < ranges.length; i += 2) {
      const [first, last] = [Math.max(ranges[i]!, wanted.after + 1), ranges[i + 1]!];
      if (first > last) continue;
      const counted = { rows: 0 };
      const from = into.count;
      let next: number | null = null;
      for (let uid = first; uid <= last && next === null;) {
        const block = blocks.from(Math.floor(uid / BLOCK_UIDS), Math.floor(last / BLOCK_UIDS));
        if (block === null) break;
        const { number, value } = block;
        if (number * BLOCK_UIDS > last) break;
        const before = counted.rows;
        addToColumns(value, number, { first: uid, last, modSeqAbove }, into, counted);
        looked += counted.rows - before;
        uid = (number + 1) * BLOCK_UIDS;
        if (into.isFull) next = into.uid[into.count - 1]!;
        else if (looked >= lookedMax) next = uid - 1;
      }
      if (counted.rows > 0) addRank(into, from, rankOf(first));
      if (next !== null) return hasMore(ranges, i, next) ? next : null;
    }
    return null;
  }

  contents(wanted: ContentsWanted): Pieces {
    const { rows, bytesMax } = wanted;
    if (wanted.what === "body" && wanted.part === undefined) return this.#bodies.read(wanted);
    const gathered = new Gathered(rows.count, this.#rooms.get());
    if (wanted.column !== undefined) this.kept?.take(rows, wanted.column, gathered, bytesMax);
    for (let read = 0; gathered.rows < rows.count && gathered.bytes <= bytesMax && read < READ_BYTES_MAX;) {
      const lying = this.#lying(wanted, gathered);
      for (const run of runsOf(lying.pieces)) read += this.#gather(run, wanted, gathered);
      gathered.upTo(lying.end);
    }
    return gathered.pieces(bytesMax);
  }

  /** Where what is wanted of the next rows lies, each content once: of so many rows as are read at once. */
  #lying({ rows, what, sizeMax, wants }: ContentsWanted, gathered: Gathered): Lain {
    const { rows: from, same } = gathered;
    const pieces: Lying[] = [];
    const key = bodyKey(0);
    let [bytes, row] = [0, from];
    for (; row < rows.count && row - from < CHUNK_ROWS; row++) {
      const size = rows.size[row]!;
      const content = rows.content[row]!;
      if (size > sizeMax || wants?.(row) === false || gathered.has(row) || same.seen(row, content)) continue;
      const stored = this.state.index.get(nextBodyKey(key, content));
      if (stored === undefined) continue;
      const place = decodeBody(stored);
      if (place.length !== size) continue;
      const length = what === "body" ? size : place.indexBytes;
      if (what === "index" && length === 0) continue;
      // What lies between two indexes is read with them.
      const read = what === "body" ? size : length + Math.min(size, GAP_BYTES_MAX);
      if (pieces.length > 0 && bytes + read > CHUNK_BYTES) {
        same.forget(content);
        break;
      }
      bytes += read;
      pieces.push(lying(row, place, what));
    }
    return { pieces, end: row };
  }

  /** Reads a run and takes what is wanted out of it; answers how many bytes it is long. */
  #gather(run: Run, { what, part }: ContentsWanted, into: Gathered): number {
    const bytes = into.rooms.forReading(run.end - run.start);
    if (!this.#read(run, bytes)) return 0;
    const place = { offset: 0, length: 0 };
    for (const piece of run.pieces) {
      place.offset = piece.start - run.start;
      place.length = piece.length;
      if (!isRight(bytes, place.offset, piece, what)) continue;
      if (part === undefined || part(bytes, place)) into.add(piece.row, bytes, place);
    }
    return bytes.length;
  }

  /** False when the segment is gone or ends too early: what it held is asked for one by one, and complained of then. */
  #read({ segment, start }: Run, target: Uint8Array): boolean {
    try {
      this.state.segments.readInto(segment, start, target);
      return true;
    } catch (error) {
      if (asFailure(error)?.kind === "corrupt" || (error as { code?: unknown }).code === "ENOENT") return false;
      throw error;
    }
  }
}

/** Where something lies that is read at once. */
interface Lain {
  readonly pieces: Lying[];
  /** The row behind them. */
  readonly end: number;
}

/** A piece of a segment. */
interface Lying {
  readonly row: number;
  readonly segment: number;
  readonly start: number;
  /** Behind what is to be read, a checksum included. */
  readonly end: number;
  readonly length: number;
  /** Checksum of the body. */
  readonly crc: number;
}

interface Run {
  readonly segment: number;
  readonly start: number;
  end: number;
  readonly pieces: Lying[];
}

function lying(row: number, { segment, offset, length, indexBytes, crc }: BodyPlace, what: "body" | "index"): Lying {
  const body = offset + RECORD_HEADER_BYTES;
  if (what === "body") return { row, segment, start: body, end: body + length, length, crc };
  const start = body + length;
  return { row, segment, start, end: start + indexBytes + CRC_BYTES, length: indexBytes, crc };
}

/** Pieces that lie close together are read at once. */
function runsOf(pieces: Lying[]): Run[] {
  const runs: Run[] = [];
  for (const piece of pieces.sort((a, b) => a.segment - b.segment || a.start - b.start)) {
    const last = runs.at(-1);
    if (last !== undefined && last.segment === piece.segment && piece.start - last.end <= GAP_BYTES_MAX) {
      last.end = Math.max(last.end, piece.end);
      last.pieces.push(piece);
    } else runs.push({ segment: piece.segment, start: piece.start, end: piece.end, pieces: [piece] });
  }
  return runs;
}

function isRight(bytes: Uint8Array, at: number, { length, crc }: Lying, what: "body" | "index"): boolean {
  return crc32c(bytes.subarray(at, at + length)) === (what === "body" ? crc : getU32(bytes, at + length));
}

function addRank(into: RowColumns, from: number, rank: number): void {
  if (rank > 0) { for (let i = from; i < into.count; i++) into.sequence[i]! += rank; }
}

/** Whether UIDs above `uid` are named. */
function hasMore(ranges: readonly number[], at: number, uid: number): boolean {
  return ranges[at + 1]! > uid || at + 2 < ranges.length;
}

/** A block as it is stored; of one that was not copied the value is gone with the next read. */
interface StoredBlock {
  readonly number: number;
  readonly value: Uint8Array;
}

/** Blocks of one mailbox in rising order; of one turn. Where one follows on the other, each is read in place. */
class Blocks {
  #read: { readonly key: Key; readonly value: Uint8Array }[] = [];
  #at = 0;
  /** Every block from here on up to where the read ended is among those that were read. */
  #from = Infinity;
  #end = -1;
  readonly #key: Key;
  /** How many are read next: as many as hold the rows that there is room for, then more and more, as few of theirs are wanted. */
  #limit: number;
  constructor(
    private readonly index: IndexEnv,
    private readonly of: { readonly account: string; readonly mailbox: number; readonly rows: number },
  ) {
    this.#key = rowsKey(of.account, of.mailbox, 0);
    this.#limit = Math.min(READ_BLOCKS, 1 + Math.ceil(of.rows / BLOCK_UIDS));
  }

  /** The first block with this number or a higher one that has rows; null when there is none up to `last`, which is about to be asked for. */
  from(number: number, last: number): StoredBlock | null {
    if (number < this.#from || number > this.#end) {
      const value = this.index.peek(nextRowsKey(this.#key, number));
      if (value !== undefined) return { number, value };
      this.#fetch(number, last);
    }
    for (; this.#at < this.#read.length; this.#at++) {
      const { key, value } = this.#read[this.#at]!;
      const at = readRowsBlock(key);
      if (at >= number) return { number: at, value };
    }
    return null;
  }

  #fetch(number: number, last: number): void {
    const limit = Math.min(this.#limit, last - number + 1);
    this.#limit = Math.min(READ_BLOCKS, 2 * this.#limit);
    this.#read = this.index.range({ ...rowsFrom(this.of.account, this.of.mailbox, number), limit });
    this.#at = 0;
    this.#from = number;
    this.#end = this.#read.length < limit ? Infinity : readRowsBlock(this.#read.at(-1)!.key);
  }
}
