import { latin1 } from "../../base/latin1.ts";
import type { ContentLimits } from "./content_reader.ts";
import { HeaderMeter, RECEIVED } from "./header_meter.ts";
import { PieceStore } from "../../base/piece_store.ts";
import { REPLY, type Reply } from "./replies.ts";

const LF = 0x0a;
const CRLF = Uint8Array.of(0x0d, LF);

/**
 * Where the reader stands: at the start of a line, inside one, behind a CR that is held back, in a body where anything goes,
 * or past a CR or LF that is not part of CRLF.
 */
type Place = "start" | "mid" | "cr" | "free" | "broken";

/**
 * Reads the content that BDAT brings (RFC 3030): what is no dot and no end of data, only octets, as counted by the session.
 * Text has the rules of DATA: CRLF or nothing (RFC 5321 §2.3.8), and a last line without its CRLF gets it, so that both ways leave
 * the same kind of message behind (DKIM sees no difference: RFC 6376 §3.4.3). BINARYMIME has them in its header section, which
 * every parser behind must find the same end of; its body is kept as it is.
 */
export class ChunkReader {
  #place: Place = "start";
  #size = 0;
  #lineLength = 0;
  #longestLine = 0;
  /** The first characters of the current header line, as far as earlier input had them. */
  #linePrefix = "";
  readonly #header: HeaderMeter;
  readonly #store = new PieceStore();

  constructor(private readonly limits: ContentLimits, private readonly binary: boolean) {
    this.#header = new HeaderMeter(limits);
  }

  /** Bytes of memory held. */
  get bufferedBytes(): number {
    return this.#store.bytes;
  }

  /** Content bytes, stored or not. */
  get size(): number {
    return this.#size;
  }

  /** The content; to be called once, after `finish` and when not refused. */
  takePieces(): readonly Uint8Array[] {
    return this.#store.take();
  }

  /** Why the message is refused, or null. */
  refusal(): Reply | null {
    if (this.#place === "broken") return REPLY.bareNewline;
    if (this.#size > this.limits.messageBytesMax) return REPLY.messageTooBig;
    const header = this.#header.refusal();
    if (header !== null) return header;
    return this.#longestLine > this.limits.contentLineBytesMax ? REPLY.contentLineTooLong : null;
  }

  /** Takes all of the input. The buffer is kept, so it must not be written again. */
  push(input: Uint8Array): void {
    if (this.#place === "broken" || input.length === 0) return;
    let at = 0;
    if (this.#place === "cr") {
      if (input[0] !== LF) return this.#break();
      this.#keep(CRLF, 0, 2);
      this.#endLine(this.#lineLength + 2, this.#linePrefix);
      at = 1;
    }
    if (this.#place === "free") this.#keep(input, at, input.length);
    else this.#scanLines(input, at);
  }

  /** No more will come. */
  finish(): void {
    if (this.#place === "cr") return this.#break();
    if (this.#place !== "mid") return;
    if (!this.binary) this.#keep(CRLF, 0, 2);
    this.#endLine(this.#lineLength + (this.binary ? 0 : 2), this.#linePrefix);
  }

  #scanLines(input: Uint8Array, begin: number): void {
    const text = latin1(input);
    let at = begin;
    for (;;) {
      const lf = text.indexOf("\n", at);
      const cr = text.indexOf("\r", at);
      if (lf < 0) return this.#endInput(input, text, { from: begin, at, cr });
      if (cr < 0 || cr !== lf - 1) return this.#break();
      const prefix = this.#header.open ? this.#linePrefix + text.slice(at, at + RECEIVED.length) : "";
      this.#endLine(this.#lineLength + lf + 1 - at, prefix);
      at = lf + 1;
      if (this.#place === "free") return this.#keep(input, begin, input.length);
    }
  }

  /** The last line of the input, which has no LF yet. */
  #endInput(
    input: Uint8Array,
    text: string,
    { from, at, cr }: { readonly from: number; readonly at: number; readonly cr: number },
  ): void {
    const end = input.length;
    if (cr >= 0 && cr !== end - 1) return this.#break();
    const kept = cr < 0 ? end : end - 1;
    this.#keep(input, from, kept);
    if (this.#header.open) this.#linePrefix = (this.#linePrefix + text.slice(at, kept)).slice(0, RECEIVED.length);
    this.#lineLength += kept - at;
    this.#place = cr >= 0 ? "cr" : this.#lineLength === 0 ? "start" : "mid";
  }

  #endLine(length: number, prefix: string): void {
    this.#lineLength = 0;
    this.#linePrefix = "";
    this.#place = "start";
    if (length > this.#longestLine) this.#longestLine = length;
    if (!this.#header.open) return;
    // Refused whatever follows: it need not be kept.
    if (!this.#header.line(length, prefix)) this.#store.drop();
    else if (this.binary && !this.#header.open) this.#place = "free";
  }

  #keep(input: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    this.#size += to - from;
    if (this.#size > this.limits.messageBytesMax) this.#store.drop();
    else this.#store.add(input, from, to);
  }

  #break(): void {
    this.#place = "broken";
    this.#store.drop();
  }
}
