import { utf8 } from "../../base/bytes.ts";
import { formatDate } from "../../mime/mod.ts";
import { listFields, type ListHead } from "./header.ts";
import { roleAddress } from "./name.ts";

/** A mail that a list writes itself. */
export interface ListLetter {
  readonly to: string;
  /** One line of ASCII. */
  readonly subject: string;
  readonly lines: readonly string[];
  /** Identity of the letter: its Message-ID. */
  readonly id: string;
  readonly nowMs: number;
  /** Message-ID of what it answers, as it was written there; null: nothing. */
  readonly inReplyTo: string | null;
}

/** Longest Message-ID that is quoted, in characters. */
const MESSAGE_ID_CHARS_MAX = 250;

/** The letter: answers go to the list's commands, and programs know not to answer (RFC 3834 §3.1.7). */
export function composeLetter(letter: ListLetter, list: ListHead): Uint8Array {
  const request = roleAddress(list.address, "request");
  const domain = list.address.slice(list.address.lastIndexOf("@") + 1);
  const head = [
    `From: <${request}>`,
    `To: <${line(letter.to)}>`,
    `Subject: ${line(letter.subject)}`,
    `Date: ${formatDate(letter.nowMs)}`,
    `Message-ID: <${letter.id}.list@${domain}>`,
    ...(isMessageId(letter.inReplyTo) ? [`In-Reply-To: ${letter.inReplyTo}`] : []),
    "Auto-Submitted: auto-replied",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
  ];
  const text = [...letter.lines.map(line), ""].join("\r\n");
  return utf8(`${listFields(list)}${head.join("\r\n")}\r\n\r\n${text}`);
}

/** `<…@…>` in printable ASCII (RFC 5322 §3.6.4): what a stranger wrote must not end our line. */
function isMessageId(text: string | null): text is string {
  return text !== null && text.length <= MESSAGE_ID_CHARS_MAX && /^<[!-;=?-~]+>$/.test(text);
}

/** No controls, no line ends. */
function line(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, " ");
}
