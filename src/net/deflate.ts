import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";

/**
 * The window of what is sent, in bits, and the memory level: some 50 KB a connection instead of 260, for a few per cent of
 * length. What comes may use the largest window (RFC 4978 §4).
 */
const WINDOW_BITS = 13;
const MEMORY_LEVEL = 5;
/** Bytes that are inflated before the receiver is asked again whether it takes more. */
const PIECE_BYTES = 16_384;
/** Deflated bytes that may wait to be inflated; beyond it the peer ignores back-pressure. */
const WAITING_BYTES_MAX = 1_048_576;

/** What a layer tells its owner. Never called within a call of the owner's. */
export interface DeflateHandlers {
  /** Deflated bytes for the peer. */
  send(bytes: Uint8Array): void;
  /** Inflated bytes from the peer, a piece of at most 16 KiB. */
  received(bytes: Uint8Array): void;
  /** What came is no DEFLATE, or more of it waits than a peer may send. */
  broken(): void;
}

/**
 * Both directions of a connection under DEFLATE (RFC 4978). A little input may inflate to a thousand times as much: it is
 * inflated piece by piece, and only while the owner takes it.
 */
export class DeflateLayer {
  readonly #deflate: DeflateRaw;
  readonly #inflate: InflateRaw;
  #flushing = false;
  #finishing = false;
  #closed = false;
  constructor(private readonly handlers: DeflateHandlers) {
    this.#deflate = createDeflateRaw({ windowBits: WINDOW_BITS, memLevel: MEMORY_LEVEL });
    this.#inflate = createInflateRaw({ chunkSize: PIECE_BYTES, flush: constants.Z_SYNC_FLUSH });
    this.#deflate.on("data", (bytes: Uint8Array) => this.#closed || this.handlers.send(bytes));
    this.#deflate.on("error", () => this.#break());
    this.#inflate.on("data", (bytes: Uint8Array) => this.#closed || this.handlers.received(bytes));
    this.#inflate.on("error", () => this.#break());
    // The peer has ended its stream, which the end of the connection does: nothing may follow.
    this.#inflate.on("end", () => this.#break());
  }
  /** Deflates for the peer; all that is written in a turn leaves together. */
  write(data: string | Uint8Array): void {
    if (this.#closed) return;
    this.#deflate.write(typeof data === "string" ? Buffer.from(data) : data);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (!this.#closed) this.#deflate.flush(constants.Z_SYNC_FLUSH);
    });
  }
  /** Takes bytes from the peer. */
  receive(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#inflate.write(chunk);
    if (this.#inflate.writableLength > WAITING_BYTES_MAX) this.#break();
  }
  /** Whether the owner takes what comes. */
  flow(open: boolean): void {
    if (open) this.#inflate.resume();
    else this.#inflate.pause();
  }
  /** Bytes from the peer that wait. */
  get waitingBytes(): number {
    return this.#inflate.writableLength + this.#inflate.readableLength;
  }
  /** Calls `done` when all that was written has been handed to `send`; then nothing more goes either way. */
  finish(done: () => void): void {
    if (this.#closed || this.#finishing) return;
    this.#finishing = true;
    this.#deflate.flush(constants.Z_SYNC_FLUSH, () => {
      this.#finishing = false;
      this.close();
      done();
    });
  }
  /** Lets go of the memory; after `finish` that comes by itself. */
  close(): void {
    if (this.#finishing) return;
    this.#closed = true;
    this.#deflate.destroy();
    this.#inflate.destroy();
  }
  #break(): void {
    if (this.#closed) return;
    this.#finishing = false;
    this.close();
    this.handlers.broken();
  }
}
