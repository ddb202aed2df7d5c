import { Buffer } from "node:buffer";

/** Most bytes given to the socket at a time: what the peer must take within `writeMsMax`. */
export const FLUSH_BYTES_MAX = 64 * 1024;

/** Bytes that are worth a write of their own, and to be let go of. */
const ALONE_BYTES_MIN = 16 * 1024;

/** What is sent at a time; `spent` is a buffer that is needed no more when it was. */
export interface OutputPiece {
  readonly data: string | Uint8Array;
  readonly bytes: number;
  readonly spent: ArrayBuffer | null;
}

/** Frees a buffer now: garbage of this size would have the whole heap looked through again and again. */
export function letGo(buffer: ArrayBuffer): void {
  buffer.transfer(0);
}

/** Bytes waiting to be sent, in order, taken out in pieces of at most `FLUSH_BYTES_MAX`. */
export class OutputQueue {
  #parts: (string | Uint8Array)[] = [];
  /** Buffers that were given; made with the first. */
  #given: WeakSet<ArrayBufferLike> | null = null;
  #head = 0;
  #bytes = 0;

  /** Bytes in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  /** `given`: the whole buffer of the data belongs to the queue. */
  push(data: string | Uint8Array, given = false): void {
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.length;
    if (bytes === 0) return;
    this.#parts.push(typeof data === "string" && bytes > FLUSH_BYTES_MAX ? Buffer.from(data) : data);
    this.#bytes += bytes;
    if (given && bytes >= ALONE_BYTES_MIN && typeof data !== "string") {
      (this.#given ??= new WeakSet()).add(data.buffer);
    }
  }

  /** The next piece as one buffer, or as one text when all of it is text; null when nothing waits. */
  take(): OutputPiece | null {
    const first = this.#parts[this.#head];
    if (first === undefined) return null;
    // The common case: everything that waits is one short reply.
    if (this.#head === this.#parts.length - 1 && this.#bytes <= FLUSH_BYTES_MAX) {
      return this.#taken(first, this.#bytes, this.#parts.length);
    }
    if (typeof first !== "string" && first.length > FLUSH_BYTES_MAX) {
      this.#parts[this.#head] = first.subarray(FLUSH_BYTES_MAX);
      this.#bytes -= FLUSH_BYTES_MAX;
      return { data: first.subarray(0, FLUSH_BYTES_MAX), bytes: FLUSH_BYTES_MAX, spent: null };
    }
    // Much is not copied to be sent together with little.
    if (typeof first !== "string" && first.length >= ALONE_BYTES_MIN) {
      return this.#taken(first, first.length, this.#head + 1);
    }
    return this.#takeSeveral();
  }

  /** Forgets everything. */
  clear(): void {
    this.#parts = [];
    this.#head = this.#bytes = 0;
  }

  #takeSeveral(): OutputPiece {
    let bytes = 0;
    let end = this.#head;
    let text = true;
    for (; end < this.#parts.length; end++) {
      const part = this.#parts[end] as string | Uint8Array;
      const size = typeof part === "string" ? Buffer.byteLength(part) : part.length;
      if (bytes + size > FLUSH_BYTES_MAX) break;
      bytes += size;
      text &&= typeof part === "string";
    }
    const parts = this.#parts.slice(this.#head, end);
    return this.#taken(text ? parts.join("") : joined(parts, bytes), bytes, end);
  }

  #taken(data: string | Uint8Array, bytes: number, head: number): OutputPiece {
    this.#bytes -= bytes;
    this.#head = head;
    if (head === this.#parts.length) {
      this.#parts = [];
      this.#head = 0;
    } else if (head > 1_000) {
      this.#parts = this.#parts.slice(head);
      this.#head = 0;
    }
    const given = this.#given !== null && typeof data !== "string" && this.#given.has(data.buffer);
    return { data, bytes, spent: given ? data.buffer as ArrayBuffer : null };
  }
}

function joined(parts: readonly (string | Uint8Array)[], bytes: number): Uint8Array {
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") at += all.write(part, at, "utf8");
    else {
      all.set(part, at);
      at += part.length;
    }
  }
  return all;
}
