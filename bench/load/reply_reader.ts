/** Bytes of one reply, all its lines together, before the server is taken for broken. */
export const replyBytesMax = 16_384;

const LF = 10;
const DASH = 45;

/**
 * Cuts a stream into replies. `feed` may be given any slices; the common case, one single-line reply a slice, makes
 * no garbage beyond the string. Throws when the stream is not a series of SMTP replies.
 */
export class ReplyReader {
  #held: Uint8Array | null = null;
  #heldBytes = 0;

  constructor(private readonly onReply: (code: number, line: Uint8Array, start: number, end: number) => void) {}

  feed(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#held !== null) {
      bytes = new Uint8Array(this.#held.length + chunk.length);
      bytes.set(this.#held, 0);
      bytes.set(chunk, this.#held.length);
      this.#held = null;
    }
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      if (end < 0) break;
      const code = codeAt(bytes, start, end);
      if (bytes[start + 3] === DASH) {
        this.#count(end + 1 - start);
      } else {
        this.#heldBytes = 0;
        this.onReply(code, bytes, start, end);
      }
      start = end + 1;
    }
    if (start < bytes.length) {
      // A copy: the caller may reuse its buffer.
      this.#held = bytes.slice(start);
      if (this.#heldBytes + this.#held.length > replyBytesMax) throw new Error("reply too long");
    }
  }

  #count(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes > replyBytesMax) throw new Error("reply too long");
  }
}

function codeAt(bytes: Uint8Array, start: number, end: number): number {
  const [a, b, c] = [bytes[start]! - 48, bytes[start + 1]! - 48, bytes[start + 2]! - 48];
  const inRange = end - start >= 3 && a >= 2 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9;
  if (!inRange) throw new Error("not an SMTP reply");
  return a * 100 + b * 10 + c;
}

/** The text of a reply line without its CRLF, unprintable bytes replaced, cut to `charsMax`. */
export function replyText(bytes: Uint8Array, start: number, end: number, charsMax = 100): string {
  let text = "";
  for (let at = start; at < end && text.length < charsMax; at++) {
    const byte = bytes[at]!;
    if (byte === 13) continue;
    text += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?";
  }
  return text;
}
