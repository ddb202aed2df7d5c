import { UnreadTexts } from "./unread_texts.ts";

/** Memory of a row, in bytes: its UID and two places. */
const ROW_BYTES = 12;
/** Rows that there is room for at first. */
const ROWS_MIN = 256;

/** The place of a text that is not kept: its message cannot be read. */
export const NOWHERE = 0xffff_ffff;

/** Where the texts of some messages lie in the files of their account: how many others are before each, or NOWHERE. */
export interface TextPlaces {
  readonly header: ArrayLike<number>;
  readonly body: ArrayLike<number>;
}

/** Rows of a mailbox in the order of their UIDs, and where their texts lie. */
export interface PlaceBlock extends TextPlaces {
  readonly uids: ArrayLike<number>;
  /** Memory of as many rows, in bytes. */
  readonly bytes: number;
}

/** Rows as a block. */
export function placeBlock(uids: ArrayLike<number>, { header, body }: TextPlaces): PlaceBlock {
  return { uids, header, body, bytes: uids.length * ROW_BYTES };
}

/** Where the texts of the messages of a mailbox lie, from the first one on, as long as their files are the same. */
export class PlaceColumn implements PlaceBlock {
  readonly unread = new UnreadTexts();
  #rows = 0;
  #uids = new Uint32Array(ROWS_MIN);
  #header = new Uint32Array(ROWS_MIN);
  #body = new Uint32Array(ROWS_MIN);
  /** `files`: which files they are (`TextStore.opened`). */
  constructor(readonly files: number) {}

  get uids(): Uint32Array {
    return this.#uids.subarray(0, this.#rows);
  }
  get header(): Uint32Array {
    return this.#header.subarray(0, this.#rows);
  }
  get body(): Uint32Array {
    return this.#body.subarray(0, this.#rows);
  }
  get rows(): number {
    return this.#rows;
  }
  /** Memory, in bytes. */
  get bytes(): number {
    return this.#uids.length * ROW_BYTES;
  }
  /** The highest UID in it; 0 when it is empty. */
  get last(): number {
    return this.#rows === 0 ? 0 : this.#uids[this.#rows - 1]!;
  }
  /** Adds rows whose UIDs are above all others. */
  add({ uids, header, body }: PlaceBlock): void {
    const rows = this.#rows + uids.length;
    if (rows > this.#uids.length) {
      const room = Math.max(rows, 2 * this.#uids.length);
      this.#uids = grown(this.uids, room);
      this.#header = grown(this.header, room);
      this.#body = grown(this.body, room);
    }
    this.#uids.set(uids, this.#rows);
    this.#header.set(header, this.#rows);
    this.#body.set(body, this.#rows);
    this.#rows = rows;
  }
}

function grown(values: Uint32Array, room: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(room);
  more.set(values);
  return more;
}
