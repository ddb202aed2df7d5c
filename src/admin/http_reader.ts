import { concat, decodeUtf8 } from "../base/mod.ts";
import { LINE_BYTES_MAX } from "./line_framer.ts";

/** Request line and header fields together, in bytes. */
export const HEAD_BYTES_MAX = 16_384;

/** Pieces of a request that are held apart; more are joined. */
const PIECES_MAX = 1_024;

/** One HTTP/1.1 request (RFC 9112), or the status that refuses it. */
export type HttpRead =
  | { readonly type: "request"; readonly method: string; readonly path: string; readonly body: string }
  | { readonly type: "refused"; readonly status: number };

/** Reads one request, whose body has a stated length of at most 1 MiB. Pure. */
export class HttpReader {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #head: { method: string; path: string; bodyBytes: number } | null = null;

  /** Null: more is needed. */
  push(chunk: Uint8Array): HttpRead | null {
    this.#hold(chunk);
    if (this.#head === null) {
      const all = concat(this.#held);
      const end = headEnd(all);
      if ((end ?? all.length) > HEAD_BYTES_MAX) return { type: "refused", status: 431 };
      if (end === null) return looksLikeHttp(all) ? null : { type: "refused", status: 400 };
      const head = parseHead(all.subarray(0, end));
      if (typeof head === "number") return { type: "refused", status: head };
      this.#head = head;
      this.#held = [all.subarray(end)];
      this.#heldBytes = all.length - end;
    }
    const { method, path, bodyBytes } = this.#head;
    if (this.#heldBytes < bodyBytes) return null;
    const body = decodeUtf8(concat(this.#held).subarray(0, bodyBytes));
    return body === null ? { type: "refused", status: 400 } : { type: "request", method, path, body };
  }

  #hold(chunk: Uint8Array): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    // A client that sends a byte at a time would otherwise cost an array for each.
    if (this.#held.length > PIECES_MAX) this.#held = [concat(this.#held)];
  }
}

/** Refuses garbage at its first line, without waiting for a head that never ends. */
function looksLikeHttp(bytes: Uint8Array): boolean {
  const lf = bytes.indexOf(0x0a);
  if (lf < 0) return bytes.every((byte) => byte >= 0x20 && byte < 0x7f || byte === 0x0d);
  return /^[A-Z]{1,20} \S+ HTTP\/1\.[01]\r?$/.test(decodeUtf8(bytes.subarray(0, lf)) ?? "");
}

function headEnd(bytes: Uint8Array): number | null {
  for (let lf = bytes.indexOf(0x0a); lf >= 0; lf = bytes.indexOf(0x0a, lf + 1)) {
    if (bytes[lf + 1] === 0x0a) return lf + 2;
    if (bytes[lf + 1] === 0x0d && bytes[lf + 2] === 0x0a) return lf + 3;
  }
  return null;
}

/** The head's facts, or the status that refuses it. */
function parseHead(bytes: Uint8Array): { method: string; path: string; bodyBytes: number } | number {
  const [line = "", ...fields] = (decodeUtf8(bytes) ?? "").split(/\r?\n/);
  const [, method, target] = /^([A-Z]{1,20}) (\/\S*) HTTP\/1\.[01]$/.exec(line) ?? [];
  if (method === undefined || target === undefined) return 400;
  let bodyBytes = 0;
  for (const field of fields) {
    // Cut by hand: a pattern that looks for blanks at the end takes quadratic time over blanks in the middle.
    const colon = field.indexOf(":");
    const [name, value] = [field.slice(0, Math.max(0, colon)), field.slice(colon + 1).trim()];
    // A length that is stated twice or by chunks is how requests are smuggled: here neither is needed.
    if (name.toLowerCase() === "transfer-encoding") return 501;
    if (name.toLowerCase() !== "content-length") continue;
    if (!/^\d{1,10}$/.test(value) || bodyBytes !== 0) return 400;
    bodyBytes = Number(value);
    if (bodyBytes > LINE_BYTES_MAX) return 413;
  }
  return { method, path: target.split("?", 1)[0] ?? target, bodyBytes };
}
