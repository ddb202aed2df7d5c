import type { SmtpLimits } from "./limits.ts";
import { REPLY, type Reply } from "./replies.ts";

/** How a header line begins that counts as a hop, and how much of each line must be seen to tell. */
export const RECEIVED = "received:";

/** Measures the header section of a message, line by line, against its limits. */
export class HeaderMeter {
  /** Whether the header goes on: its empty line has not come, and it is not refused yet. */
  open = true;
  #bytes = 0;
  #lines = 0;
  #receivedFields = 0;

  constructor(private readonly limits: Pick<SmtpLimits, "headerBytesMax" | "headerLinesMax" | "receivedFieldsMax">) {}

  /** Takes a line of `length` bytes with its CRLF that begins with `prefix`. False when the header is refused whatever follows. */
  line(length: number, prefix: string): boolean {
    if (length === 2) {
      this.open = false;
      return true;
    }
    this.#bytes += length;
    this.#lines++;
    const first = prefix.charCodeAt(0) | 0x20;
    if (first === 0x72 && prefix.slice(0, RECEIVED.length).toLowerCase() === RECEIVED) this.#receivedFields++;
    this.open = this.refusal() === null;
    return this.open;
  }

  /** Why the header is refused, or null. */
  refusal(): Reply | null {
    if (this.#receivedFields > this.limits.receivedFieldsMax) return REPLY.mailLoop;
    const { headerBytesMax, headerLinesMax } = this.limits;
    return this.#bytes > headerBytesMax || this.#lines > headerLinesMax ? REPLY.headerTooBig : null;
  }
}
