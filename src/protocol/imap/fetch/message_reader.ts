import { concat } from "../../../base/bytes.ts";
import { asFailure } from "../../../base/failure.ts";
import type { ViewRow } from "../../../mail/mailbox_view.ts";
import {
  type ByteRange,
  type IndexedPart,
  type MessageFacts,
  type MessageIndex,
  readIndex,
} from "../../../mime/mod.ts";
import { ask, type Program } from "../effects.ts";
import { IndexMaker } from "./message_index.ts";
import { selectedOf } from "../selection.ts";
import type { Scene } from "../state.ts";

/** Why something could not be read. */
export type Trouble = "gone" | "corrupt" | "temporary" | "encoding";

/** What is known of a message before it is read. */
export type ReadMessage = Pick<ViewRow, "uid" | "size" | "index" | "head"> & Partial<Pick<ViewRow, "objectId">>;

/** Reads one message of the selected mailbox, in pieces of bounded size. */
export class MessageReader {
  /** What was the matter last. */
  trouble: Trouble | null = null;
  #index: MessageIndex | null = null;
  /** A small message as a whole. */
  #whole: Uint8Array | null = null;

  /** `atOnce`: several pieces will be wanted, so that a small message is read once. */
  constructor(private readonly row: ReadMessage, protected readonly scene: Scene, private readonly atOnce: boolean) {}

  /** The index made at delivery, or one made of the message now; null when it cannot be had. */
  *index(): Program<MessageIndex | null> {
    this.#index ??= this.row.index ? readIndex(this.row.index) : null;
    return this.#index ?? (yield* this.#make());
  }

  /** The parts of the message; null when they cannot be had. */
  *parts(): Program<IndexedPart | null> {
    const parts = (yield* this.index())?.parts();
    // A part of the index may be damaged: what it was made of is there.
    return parts === null ? (yield* this.#make())?.parts() ?? null : parts ?? null;
  }

  /** What SORT and THREAD ask; null when it cannot be had. */
  *facts(): Program<MessageFacts | null> {
    const facts = (yield* this.index())?.facts();
    return facts === null ? (yield* this.#make())?.facts() ?? null : facts ?? null;
  }

  /** Of the message itself, if nobody did it before. */
  *#make(): Program<MessageIndex | null> {
    const { row: { objectId }, scene: { options: { madeIndexes } } } = this;
    if (objectId === undefined || madeIndexes === undefined) return this.#index = readMade(yield* this.#made());
    const made = madeIndexes.get(objectId) ?? (yield* this.#made());
    if (made !== null) madeIndexes.add(objectId, made);
    return this.#index = readMade(made);
  }

  /** Piece by piece: the message does not lie in memory. */
  *#made(): Program<Uint8Array | null> {
    const length = Math.min(this.row.size, this.scene.limits.indexBytesMax);
    const maker = new IndexMaker();
    for (let read = 0; read < length;) {
      const piece = yield* this.piece(read, Math.min(this.scene.limits.readBytesMax, length - read));
      if (piece === null) return null;
      maker.add(piece);
      read += piece.length;
    }
    return maker.done();
  }

  /** All bytes of a range; null when they cannot be had. */
  *all({ offset, length }: ByteRange): Program<Uint8Array | null> {
    const pieces: Uint8Array[] = [];
    for (let read = 0; read < length;) {
      const piece = yield* this.piece(offset + read, Math.min(this.scene.limits.readBytesMax, length - read));
      if (piece === null) return null;
      pieces.push(piece);
      read += piece.length;
      this.scene.memory.readBytes += piece.length;
    }
    return pieces.length === 1 ? pieces[0]! : concat(pieces);
  }

  /** The beginning of a range, at least one byte; null when it cannot be had. */
  *piece(offset: number, length: number): Program<Uint8Array | null> {
    const { row: { size, head }, scene: { limits } } = this;
    if (head !== undefined && offset < head.length) return head.subarray(offset, offset + length);
    if (!this.atOnce || size > limits.readBytesMax) return yield* this.#ask(offset, length);
    this.#whole ??= yield* this.#ask(0, size);
    if (this.#whole === null) return null;
    const piece = this.#whole.subarray(offset, offset + length);
    if (piece.length > 0) return piece;
    this.trouble = "corrupt";
    return null;
  }

  /** Asks for a piece; the Failure is thrown. */
  protected *asked(offset: number, length: number): Program<Uint8Array> {
    const { view } = selectedOf(this.scene);
    return (yield* ask("mailbox.read", { view, uid: this.row.uid, offset, length })).bytes;
  }

  *#ask(offset: number, length: number): Program<Uint8Array | null> {
    try {
      const bytes = yield* this.asked(offset, length);
      if (bytes.length > 0 && bytes.length <= length) return bytes;
      this.trouble = "corrupt";
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      this.trouble = failure.kind === "not_found" ? "gone" : failure.kind === "corrupt" ? "corrupt" : "temporary";
    }
    return null;
  }
}

function readMade(index: Uint8Array | null): MessageIndex | null {
  return index === null ? null : readIndex(index);
}
