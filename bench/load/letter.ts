import { Buffer } from "node:buffer";

/** Characters of a message id: the prefix, a dash and ten decimal digits. */
const ID_DIGITS = 10;
/** Characters of a full line without CRLF: what mail programs wrap at, far below the 998 of RFC 5322 §2.1.1. */
const LINE_CHARS = 72;
const WORDS =
  ("the of stage and a to horse in post letter is courier that road for was on are mail with as they at be this from " +
    "have or by one had not but what all were when we there can an your which their said if do will each about how up " +
    "out them then she many some so these would other into has more her two like him see time could no make than")
    .split(" ");

/**
 * One message as it goes over the wire, final dot included, in one buffer that is built once. Only its id changes, in
 * place, so sending costs neither memory nor formatting. It may be changed again when the server has answered.
 */
export class Letter {
  readonly bytes: Buffer;
  readonly #idAt: number;
  readonly #prefix: string;
  #id = "";

  /** `messageBytes` counts the header and not the final dot; at least 512. */
  constructor(options: { messageBytes: number; domain: string; idPrefix: string; template?: Letter }) {
    this.#prefix = options.idPrefix;
    if (options.template) {
      this.bytes = Buffer.from(options.template.bytes);
      this.#idAt = options.template.#idAt;
      return;
    }
    const head = `Message-ID: <${options.idPrefix}-`;
    const rest = `@load.${options.domain}>\r\n` +
      `From: Load <load@${options.domain}>\r\nTo: everybody@${options.domain}\r\n` +
      "Subject: a letter to measure with\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\n" +
      "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
    const header = head + "0".repeat(ID_DIGITS) + rest;
    this.bytes = Buffer.from(header + text(options.messageBytes - header.length) + ".\r\n", "latin1");
    this.#idAt = head.length;
  }

  /** The id of the message as it stands in the buffer, without angle brackets and domain. */
  get id(): string {
    return this.#id;
  }

  /** Gives the message the id `<prefix>-<serial as ten digits>`. */
  renumber(serial: number): void {
    const digits = String(serial).padStart(ID_DIGITS, "0");
    this.#id = `${this.#prefix}-${digits}`;
    for (let at = 0; at < ID_DIGITS; at++) this.bytes[this.#idAt + at] = digits.charCodeAt(at);
  }
}

/** Exactly `count` bytes of lines of words, every line ended by CRLF and none beginning with a dot. */
function text(count: number): string {
  const lines: string[] = [];
  let left = count;
  let seed = 7;
  while (left > 0) {
    // A line needs a character besides its CRLF; what would be left over goes into the line before.
    const chars = left >= LINE_CHARS + 2 + 3 ? LINE_CHARS : Math.max(0, left - 2);
    let line = "";
    while (line.length < chars) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      line += `${WORDS[(seed >>> 8) % WORDS.length]} `;
    }
    lines.push(line.slice(0, chars).replace(/ $/, "."));
    left -= chars + 2;
  }
  return `${lines.join("\r\n")}\r\n`;
}
