import { Buffer } from "node:buffer";
import { type Effect, pause, type Program } from "../effects.ts";

type Piece = string | Uint8Array;

/** What is to be sent, and whether its buffer is nobody else's. */
export interface Outgoing {
  readonly data: Piece;
  readonly given: boolean;
}

/** What a session has to send: bytes, or texts of one character for each byte. Text is joined with text: one go, few writes. */
export class Output {
  #pieces: Outgoing[] = [];
  /** Texts of the last piece, joined when it is taken. */
  #texts: string[] = [];
  /** Characters or bytes since the client was last waited for. */
  #unsentBytes = 0;
  #pendingBytes = 0;
  #atLineEnd = true;
  #open = false;

  constructor(private readonly bytesMax: number) {}

  /** Adds to what is to be sent, whatever there is already. */
  push(data: Piece, given = false): void {
    this.#unsentBytes += data.length;
    this.#pendingBytes += data.length;
    if (data.length === 0) return;
    if (typeof data === "string") {
      this.#texts.push(data);
      this.#atLineEnd = data.endsWith("\n");
      return;
    }
    this.#atLineEnd = false;
    this.#endText();
    this.#pieces.push({ data, given });
  }

  /** Adds whole responses, in a buffer of their own that is given away. */
  pushLines(lines: Uint8Array): void {
    this.push(lines, true);
    this.#atLineEnd = true;
  }

  /** Adds, and waits for the client when that is more than may lie about: how a command sends much. */
  *send(data: Piece): Program<void> {
    this.push(data);
    if (this.isFull) yield* this.drain();
  }

  /** Waits until what was sent has left. */
  *drain(): Program<void> {
    yield* pause(0);
  }

  /** A response with literals begins, or ends: within it the end of a line is none. */
  set open(open: boolean) {
    this.#open = open;
  }

  /** A response is begun and not ended. */
  get amidResponse(): boolean {
    return this.#open || !this.#atLineEnd;
  }

  /** Characters or bytes since `take`. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get isFull(): boolean {
    return this.#unsentBytes > this.bytesMax;
  }

  /** Everything since the last call. */
  take(): Outgoing[] {
    this.#endText();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pendingBytes = 0;
    return pieces;
  }

  /** What was sent has left, or will before the session goes on. */
  waitedFor(effect: Effect): void {
    if (effect.type === "pause" || effect.type === "ask") this.#unsentBytes = this.#pendingBytes;
  }

  #endText(): void {
    if (this.#texts.length === 0) return;
    const text = this.#texts.length === 1 ? this.#texts[0]! : this.#texts.join("");
    this.#texts = [];
    // Text that is sent as such becomes UTF-8; these characters are bytes already.
    if (text === "") return;
    this.#pieces.push({ data: isAscii(text) ? text : Buffer.from(text, "latin1"), given: false });
  }
}

function isAscii(text: string): boolean {
  return !/[\x80-\xff]/.test(text);
}
