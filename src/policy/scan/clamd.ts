import { concat, latin1, utf8 } from "../../base/mod.ts";
import { blocksOf } from "./blocks.ts";

/** What clamd says of a mail; `broken` is in plain words and holds nothing of the mail. */
export type ClamdReply =
  | { readonly type: "clean" }
  /** The signature's name: printable ASCII without blanks. */
  | { readonly type: "virus"; readonly name: string }
  /** Longer than its StreamMaxLength. */
  | { readonly type: "tooLarge" }
  | { readonly type: "broken"; readonly why: string };

/** Bytes of a reply that are read: it is one line. */
const REPLY_BYTES_MAX = 4_096;

/** Characters of a signature's name that are told. */
const NAME_CHARS_MAX = 100;

/**
 * What is sent to have a mail scanned (clamd(8), INSTREAM), before its bytes: the command, whose `z` has command and reply end in
 * NUL, and the length of the one chunk in four bytes, network order. By that clamd already knows whether it is too large.
 */
export function instreamHead(mailBytes: number): Uint8Array {
  return concat([utf8("zINSTREAM\0"), lengthPrefix(mailBytes)]);
}

/** What follows: the mail, which is not empty, and a chunk of no bytes. */
export function* instreamBody(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  yield* blocksOf(parts);
  yield lengthPrefix(0);
}

function lengthPrefix(bytes: number): Uint8Array {
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, bytes);
  return prefix;
}

/** Reads the one reply of a connection, however it is cut. */
export class ClamdReader {
  #read: Uint8Array = new Uint8Array(0);

  /** Null while more has to come. */
  push(chunk: Uint8Array): ClamdReply | null {
    this.#read = concat([this.#read, chunk.subarray(0, REPLY_BYTES_MAX)]);
    const end = this.#read.indexOf(0);
    if (end >= 0 && end <= REPLY_BYTES_MAX) return readClamdReply(latin1(this.#read.subarray(0, end)));
    return this.#read.length < REPLY_BYTES_MAX ? null : { type: "broken", why: "its reply is too long" };
  }
}

/** `stream: OK`, `stream: NAME FOUND`, `INSTREAM size limit exceeded. ERROR`; all else is an error of clamd's own. */
export function readClamdReply(line: string): ClamdReply {
  const text = line.trim();
  if (text === "stream: OK") return { type: "clean" };
  const [, name] = /^stream: ([^ ]+) FOUND$/.exec(text) ?? [];
  if (name !== undefined) return { type: "virus", name: name.slice(0, NAME_CHARS_MAX).replace(/[^!-~]/g, "?") };
  if (/^INSTREAM size limit exceeded\. ERROR$/i.test(text)) return { type: "tooLarge" };
  // Whoever listens there instead may repeat what he was sent: only what clamd says of itself is told.
  const own = / ERROR$/.test(text) ? `: ${text.slice(0, 200).replace(/[^ -~]/g, "?")}` : "";
  return { type: "broken", why: `it replied neither OK nor FOUND${own}` };
}
