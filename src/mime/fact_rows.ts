import { decodeUtf8 } from "../base/mod.ts";
import { ByteReader, ByteWriter } from "./byte_writer.ts";
import type { MessageFacts } from "./facts.ts";
import { REFERENCES_MAX } from "./message_ids.ts";

const [SENT, REPLY, COMPLETE, ATTACHMENT, HAS_ID, HAS_REPLY_TO] = [1, 2, 4, 8, 16, 32];

/** Parts one text from the next; no text of a message keeps one. */
const SEPARATOR = "\0";
const TEXTS = 14;

/** The facts as bytes, one character each: a byte of flags, the time sent, and all texts in one, for that is encoded in one go. */
export function factRow(facts: MessageFacts): string {
  const writer = new ByteWriter();
  const { sentMs, messageId, inReplyTo, from, to, cc } = facts;
  writer.byte(
    (sentMs === null ? 0 : SENT) | (facts.reply ? REPLY : 0) | (facts.complete ? COMPLETE : 0) |
      (facts.attachment ? ATTACHMENT : 0) | (messageId === null ? 0 : HAS_ID) | (inReplyTo === null ? 0 : HAS_REPLY_TO),
  );
  // A date may lie before 1970: twice its distance, and one more when it does.
  if (sentMs !== null) writer.varint(sentMs < 0 ? -sentMs * 2 + 1 : sentMs * 2);
  const texts = [
    facts.baseSubject,
    from.mailbox,
    from.display,
    to.mailbox,
    to.display,
    cc.mailbox,
    cc.display,
    messageId ?? "",
    inReplyTo ?? "",
    facts.subjectText,
    facts.fromText,
    facts.toText,
    facts.ccText,
    facts.bccText,
    ...facts.references,
  ];
  let joined = texts.join(SEPARATOR);
  if (texts.some((text) => text.includes(SEPARATOR))) {
    joined = texts.map((text) => text.replaceAll(SEPARATOR, "\ufffd")).join(SEPARATOR);
  }
  writer.utf8(joined);
  return writer.text;
}

/** Reads what {@link factRow} wrote; null when it is damaged. */
export function readFactRow(bytes: Uint8Array): MessageFacts | null {
  const reader = new ByteReader(bytes);
  const flags = reader.byte();
  if (flags === null) return null;
  const sent = flags & SENT ? reader.varint() : 0;
  const rest = reader.bytes(reader.left);
  if (sent === null || rest === null) return null;
  const texts = decodeUtf8(rest)?.split(SEPARATOR, TEXTS + REFERENCES_MAX + 1);
  if (texts === undefined || texts.length < TEXTS || texts.length > TEXTS + REFERENCES_MAX) return null;
  const text = (index: number) => texts[index]!;
  return {
    sentMs: flags & SENT ? (sent % 2 === 0 ? sent / 2 : -(sent - 1) / 2) : null,
    baseSubject: text(0),
    reply: (flags & REPLY) !== 0,
    from: { mailbox: text(1), display: text(2) },
    to: { mailbox: text(3), display: text(4) },
    cc: { mailbox: text(5), display: text(6) },
    messageId: flags & HAS_ID ? text(7) : null,
    inReplyTo: flags & HAS_REPLY_TO ? text(8) : null,
    subjectText: text(9),
    fromText: text(10),
    toText: text(11),
    ccText: text(12),
    bccText: text(13),
    references: texts.slice(TEXTS),
    complete: (flags & COMPLETE) !== 0,
    attachment: (flags & ATTACHMENT) !== 0,
  };
}
