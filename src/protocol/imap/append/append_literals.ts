import { PieceStore } from "../../../base/piece_store.ts";
import type { MessagesBefore } from "../grammar/grammar.ts";

/** The messages of an APPEND or REPLACE as they come in, each in pieces of bounded number. */
export class AppendLiterals {
  #whole: (readonly Uint8Array[])[] = [];
  #wholeBytes = 0;
  #current: PieceStore | null = null;
  #currentBytes = 0;
  #abandoned = false;
  /** What was read of the command in which the last of them was announced. */
  before: MessagesBefore | null = null;

  /** Nothing is kept of the command's messages any more: there was no room. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#wholeBytes + this.#currentBytes;
  }

  /** Bytes of memory in use: pieces may pin a little more than they show. */
  get heldBytes(): number {
    return this.#wholeBytes + (this.#current?.bytes ?? 0);
  }

  /** Messages begun so far. */
  get count(): number {
    return this.#whole.length + (this.#current === null ? 0 : 1);
  }

  begin(): void {
    if (this.#abandoned) return;
    this.#current = new PieceStore();
    this.#currentBytes = 0;
  }

  add(bytes: Uint8Array): void {
    if (this.#current === null) return;
    this.#current.add(bytes, 0, bytes.length);
    this.#currentBytes += bytes.length;
  }

  end(): void {
    if (this.#current === null) return;
    this.#whole.push(this.#current.take());
    this.#wholeBytes += this.#currentBytes;
    this.#current = null;
    this.#currentBytes = 0;
  }

  /** Every message in its pieces; nothing is held afterwards. */
  take(): readonly (readonly Uint8Array[])[] {
    const whole = this.#whole;
    this.drop();
    return whole;
  }

  /** Forgets what came, and what comes until the command ends. */
  abandon(): void {
    if (this.count === 0) return;
    const { before } = this;
    this.drop();
    this.before = before;
    this.#abandoned = true;
  }

  drop(): void {
    this.#abandoned = false;
    this.before = null;
    this.#whole = [];
    this.#wholeBytes = 0;
    this.#current = null;
    this.#currentBytes = 0;
  }
}
