import { latin1 } from "../../../base/latin1.ts";
import type { ReplyLimits } from "./limits.ts";

/** A whole reply (RFC 5321 §4.2). */
export interface ClientReply {
  readonly code: number;
  /** What stands behind the code on each line, as it came: one character a byte. */
  readonly lines: readonly string[];
}

/** What a reader has found: a reply, or why the stream cannot be followed any further. */
export type ReplyRead =
  | { readonly type: "reply"; readonly reply: ClientReply }
  | { readonly type: "broken"; readonly reason: string };

/** Reply-code = %x32-35 %x30-35 %x30-39 (RFC 5321 §4.2); a second digit beyond 5 is used by some and harms nobody. */
const LINE = /^([2-5][0-9][0-9])(?:([ -])|$)/;

/** Finds replies. Lines end in CRLF only (RFC 5321 §2.3.8). Memory: one reply, within the limits. */
export class ReplyReader {
  #text = "";
  /** Where the line begins that is read, and up to where no CRLF was found. */
  #at = 0;
  #searched = 0;
  #code = "";
  #lines: string[] = [];
  #bytes = 0;
  #broken: ReplyRead | null = null;

  constructor(private readonly limits: ReplyLimits) {}

  push(chunk: Uint8Array): void {
    if (this.#broken !== null) return;
    this.#text = this.#text.slice(this.#at) + latin1(chunk);
    this.#searched -= this.#at;
    this.#at = 0;
  }

  /** The next reply, or null when more must come first. Once broken, it stays so. */
  next(): ReplyRead | null {
    while (this.#broken === null) {
      const end = this.#text.indexOf("\r\n", this.#searched);
      const length = (end < 0 ? this.#text.length : end + 2) - this.#at;
      if (length > this.limits.lineBytesMax) return this.#break("a reply line is too long");
      if (end < 0) {
        // The CR may be there already.
        this.#searched = Math.max(this.#at, this.#text.length - 1);
        return null;
      }
      const line = this.#text.slice(this.#at, end);
      this.#at = this.#searched = end + 2;
      const read = this.#line(line);
      if (read !== null) return read;
    }
    return this.#broken;
  }

  /** Forgets what has come: plain text behind the answer to STARTTLS is an attacker's (RFC 3207 §5). */
  clear(): void {
    this.#text = this.#code = "";
    this.#at = this.#searched = this.#bytes = 0;
    this.#lines = [];
  }

  #line(line: string): ReplyRead | null {
    const match = LINE.exec(line);
    if (match === null || line.includes("\n")) return this.#break("a reply is malformed");
    const code = match[1] ?? "";
    if (this.#lines.length > 0 && code !== this.#code) return this.#break("the lines of a reply have different codes");
    this.#code = code;
    this.#lines.push(line.slice(4));
    this.#bytes += line.length + 2;
    if (this.#lines.length > this.limits.linesMax) return this.#break("a reply has too many lines");
    if (this.#bytes > this.limits.replyBytesMax) return this.#break("a reply is too long");
    if (match[2] === "-") return null;
    const reply = { code: Number(code), lines: this.#lines };
    this.#lines = [];
    this.#bytes = 0;
    return { type: "reply", reply };
  }

  #break(reason: string): ReplyRead {
    this.clear();
    return this.#broken = { type: "broken", reason };
  }
}
