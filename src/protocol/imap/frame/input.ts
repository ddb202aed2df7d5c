import { concat } from "../../../base/bytes.ts";
import { PieceStore } from "../../../base/piece_store.ts";

const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * What came and was not read. What comes while nobody reads waits behind the chunk at hand, small chunks together: each byte is
 * copied once there, and once more if it has to be seen in one piece, however small the chunks are that a peer sends.
 */
export class Input {
  /** The chunk that is read. */
  chunk: Uint8Array = EMPTY;
  /** How far it was read. */
  at = 0;
  #pieces: Uint8Array[] = [];
  #nextPiece = 0;
  /** Most sessions wait for input, and hold none. */
  #behind: PieceStore | null = null;
  /** Bytes of the pieces and behind them. */
  #waiting = 0;

  /** Bytes that were not read. */
  get bytes(): number {
    return this.chunk.length - this.at + this.#waiting;
  }

  /** Whether the chunk at hand is read to its end. */
  get ended(): boolean {
    return this.at === this.chunk.length;
  }

  push(chunk: Uint8Array): void {
    if (this.bytes === 0) return this.#read(chunk);
    this.#behind ??= new PieceStore();
    this.#behind.add(chunk, 0, chunk.length);
    this.#waiting += chunk.length;
  }

  /** Goes on to the chunk that waits behind one that is read to its end; false when there is none. */
  advance(): boolean {
    if (!this.ended || this.#waiting === 0) return false;
    this.#read(this.#takePiece());
    return true;
  }

  /** Steps over bytes of the chunk at hand, as far as there are that many. */
  take(bytes: number): Uint8Array {
    const taken = this.chunk.subarray(this.at, this.at + bytes);
    this.at += taken.length;
    return taken;
  }

  /** The next bytes in one piece, not stepped over; null when they have not all come. */
  ahead(bytes: number): Uint8Array | null {
    if (this.bytes < bytes) return null;
    const at = this.chunk.length - this.at;
    if (at < bytes) this.#gather(bytes - at);
    return this.chunk.subarray(this.at, this.at + bytes);
  }

  /** All of it, which is then forgotten. */
  takeRest(): Uint8Array {
    const rest = [this.chunk.subarray(this.at)];
    while (this.#waiting > 0) rest.push(this.#takePiece());
    this.#read(EMPTY);
    return concat(rest);
  }

  #read(chunk: Uint8Array): void {
    this.chunk = chunk;
    this.at = 0;
  }

  /** Puts so many of the bytes that wait behind the chunk at hand, and no more: what is behind them is not copied again. */
  #gather(bytes: number): void {
    const parts = [this.chunk.subarray(this.at)];
    for (let left = bytes; left > 0;) {
      const piece = this.#takePiece();
      parts.push(piece.subarray(0, left));
      if (piece.length > left) this.#putBack(piece.subarray(left));
      left -= Math.min(left, piece.length);
    }
    this.#read(concat(parts));
  }

  #takePiece(): Uint8Array {
    if (this.#nextPiece === this.#pieces.length) {
      this.#pieces = [...this.#behind?.take() ?? []];
      this.#behind = null;
      this.#nextPiece = 0;
    }
    const piece = this.#pieces[this.#nextPiece++]!;
    this.#waiting -= piece.length;
    if (this.#nextPiece === this.#pieces.length) this.#forgetPieces();
    return piece;
  }

  #putBack(piece: Uint8Array): void {
    if (this.#nextPiece > 0) this.#pieces[--this.#nextPiece] = piece;
    else this.#pieces = [piece];
    this.#waiting += piece.length;
  }

  #forgetPieces(): void {
    this.#pieces = [];
    this.#nextPiece = 0;
  }
}
