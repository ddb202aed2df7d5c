import { concat, latin1 } from "../../base/mod.ts";

/** How much of an answer is read. */
export interface AnswerLimits {
  /** Status line and fields, in bytes. */
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
}

/** A whole answer, or what is wrong with it in plain words. */
export type HttpAnswer =
  | { readonly type: "answer"; readonly status: number; readonly body: Uint8Array }
  | { readonly type: "broken"; readonly why: string };

/**
 * Reads the one answer of a connection, however it is cut. Its length has to be stated: what ends with the connection may have been
 * cut short on the way (RFC 9112 §9.8). What comes behind it is not looked at.
 */
export class AnswerReader {
  /** What has come, until the head is whole. */
  #head: Uint8Array = new Uint8Array(0);
  #status = 0;
  /** Of the stated length, once the head is read. */
  #body: Uint8Array | null = null;
  #filled = 0;

  constructor(private readonly limits: AnswerLimits) {}

  /** Null while more has to come. */
  push(chunk: Uint8Array): HttpAnswer | null {
    if (this.#body !== null) return this.#fill(this.#body, chunk);
    const { headBytesMax, bodyBytesMax } = this.limits;
    this.#head = concat([this.#head, chunk]);
    const text = latin1(this.#head.subarray(0, headBytesMax));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return this.#head.length < headBytesMax ? null : { type: "broken", why: "its head is too long" };
    const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
    // status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 §4).
    const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/.exec(statusLine)?.[1];
    if (status === undefined) return { type: "broken", why: "it is not HTTP" };
    const bodyBytes = lengthOf(lines);
    if (typeof bodyBytes === "string") return { type: "broken", why: bodyBytes };
    if (bodyBytes > bodyBytesMax) return { type: "broken", why: "it is too long" };
    this.#status = Number(status);
    this.#body = new Uint8Array(bodyBytes);
    return this.#fill(this.#body, this.#head.subarray(end + 4));
  }

  #fill(body: Uint8Array, chunk: Uint8Array): HttpAnswer | null {
    const taken = chunk.subarray(0, body.length - this.#filled);
    body.set(taken, this.#filled);
    this.#filled += taken.length;
    return this.#filled < body.length ? null : { type: "answer", status: this.#status, body };
  }
}

/** The stated length of the body in bytes, or what is wrong with the fields. */
function lengthOf(lines: readonly string[]): number | string {
  let length: number | null = null;
  for (const line of lines) {
    const colon = line.indexOf(":");
    // field-line = field-name ":" OWS field-value OWS; a folded line is no field any more (RFC 9112 §5.2).
    if (colon <= 0 || /[\s]/.test(line.slice(0, colon))) return "its head is malformed";
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    // RFC 9112 §6.1: nobody may answer a request of HTTP/1.0 so.
    if (name === "transfer-encoding") return "it comes in chunks";
    if (name === "content-encoding" && value.toLowerCase() !== "identity") return "it is packed";
    if (name !== "content-length") continue;
    // RFC 9112 §6.3: lengths that differ cannot be recovered from.
    if (!/^[0-9]{1,15}$/.test(value) || (length !== null && length !== Number(value))) return "its length is malformed";
    length = Number(value);
  }
  return length ?? "it does not say where it ends";
}
