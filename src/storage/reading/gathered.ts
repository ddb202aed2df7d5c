import { Pieces } from "../../mail/pieces.ts";
import type { PiecePlace } from "../account/types.ts";
import type { Rooms } from "./rooms.ts";

/** Room to begin with, in bytes. */
const ROOM_BYTES_MIN = 64 * 1024;

/** Pieces of contents as they are read, in any order. */
export class Gathered {
  /** Rows that have all that there is of them. */
  rows = 0;
  /** Bytes of the pieces of these. */
  bytes = 0;
  readonly same = new Same();
  readonly #pieces: Pieces;
  #room: Uint8Array;
  #used = 0;
  /** The row behind the last one that was added, as long as all came in order: then the room is the answer. */
  #next = 0;

  constructor(count: number, readonly rooms: Rooms) {
    this.#room = rooms.gathered;
    this.#pieces = new Pieces(count, this.#room);
    for (let i = 0; i < count; i++) this.#pieces.putNone(i);
  }

  add(row: number, bytes: Uint8Array, { offset, length }: PiecePlace): void {
    const used = this.#used + length;
    if (used > this.#room.length) this.#grow(used);
    this.#room.set(bytes.subarray(offset, offset + length), this.#used);
    this.#pieces.put(row, this.#used, length);
    this.#used = used;
    this.#next = row >= this.#next ? row + 1 : Infinity;
  }

  /** Adds pieces of as many rows from `row` on: they lie one behind the other in `bytes`, each from its start to the next one's. */
  addRun(row: number, bytes: Uint8Array, starts: Uint32Array, count: number): void {
    const first = starts[0]!;
    const used = this.#used + starts[count]! - first;
    if (used > this.#room.length) this.#grow(used);
    this.#room.set(bytes.subarray(first, starts[count]!), this.#used);
    for (let i = 0; i < count; i++) {
      const start = starts[i]!;
      this.#pieces.put(row + i, this.#used + start - first, starts[i + 1]! - start);
    }
    this.#used = used;
    this.#next = row >= this.#next ? row + count : Infinity;
  }

  has(row: number): boolean {
    return this.#pieces.length(row) >= 0;
  }

  /** All that there is of the rows before `end` was added. */
  upTo(end: number): void {
    for (const [row, first] of this.same.take()) {
      const length = this.#pieces.length(first);
      if (length < 0) continue;
      this.#pieces.put(row, this.#pieces.offset(first), length);
      this.#next = Infinity;
    }
    for (; this.rows < end; this.rows++) this.bytes += Math.max(0, this.#pieces.length(this.rows));
  }

  /** As many as make up `bytesMax`, and one at least, in bytes of their own. */
  pieces(bytesMax: number): Pieces {
    const from = this.#pieces;
    let [count, bytes] = [0, 0];
    for (; count < this.rows; count++) {
      const length = Math.max(0, from.length(count));
      if (count > 0 && bytes + length > bytesMax) break;
      bytes += length;
    }
    if (this.#next !== Infinity) return from.first(count, this.#room.slice(0, bytes));
    const result = new Pieces(count, new Uint8Array(bytes));
    for (let i = 0, at = 0; i < count; i++) {
      const [offset, length] = [from.offset(i), from.length(i)];
      if (length < 0) {
        result.putNone(i);
        continue;
      }
      result.bytes.set(this.#room.subarray(offset, offset + length), at);
      result.put(i, at, length);
      at += length;
    }
    return result;
  }

  #grow(bytes: number): void {
    const more = new Uint8Array(Math.max(bytes, ROOM_BYTES_MIN, 2 * this.#room.length));
    more.set(this.#room.subarray(0, this.#used));
    this.#room = more;
    this.rooms.keep(more);
  }
}

/** Rows that show the content of another row: it is read once. */
class Same {
  readonly #first = new Map<number, number>();
  #rows: [row: number, first: number][] = [];

  /** Whether a row before has this content. */
  seen(row: number, content: number): boolean {
    const first = this.#first.get(content);
    if (first === undefined) this.#first.set(content, row);
    else this.#rows.push([row, first]);
    return first !== undefined;
  }

  /** It was not read after all. */
  forget(content: number): void {
    this.#first.delete(content);
  }

  /** Those since the last call. */
  take(): readonly (readonly [row: number, first: number])[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}
