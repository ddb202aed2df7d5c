import { type ListedAddress, readAddresses } from "./address_list.ts";
import { unfold } from "./encoded_word.ts";
import type { HeaderFields } from "./header_fields.ts";
import { trimBlanks } from "./raw_text.ts";

/** Characters of a text of the envelope that are kept: more than a line has by far (RFC 5322 §2.1.1). */
export const ENVELOPE_TEXT_CHARS_MAX = 16_384;

/**
 * What ENVELOPE shows of a message (RFC 9051 §7.5.2), one character for each byte; encoded words (RFC 2047) are left as they are, for
 * clients decode them. Null where the field is missing.
 */
export interface EnvelopeFields {
  readonly date: string | null;
  readonly subject: string | null;
  readonly from: readonly ListedAddress[] | null;
  /** As `from` where the message has none, or an empty one (RFC 9051 §7.5.2). */
  readonly sender: readonly ListedAddress[] | null;
  /** As `from` where the message has none, or an empty one. */
  readonly replyTo: readonly ListedAddress[] | null;
  readonly to: readonly ListedAddress[] | null;
  readonly cc: readonly ListedAddress[] | null;
  readonly bcc: readonly ListedAddress[] | null;
  readonly inReplyTo: string | null;
  readonly messageId: string | null;
}

/** Makes an envelope of the fields of a message's header. */
export function readEnvelope(fields: HeaderFields): EnvelopeFields {
  const from = addresses(fields.from);
  return {
    date: fieldLine(fields.date),
    subject: fieldText(fields.subject),
    from,
    sender: addresses(fields.sender) ?? from,
    replyTo: addresses(fields.replyTo) ?? from,
    to: addresses(fields.to),
    cc: addresses(fields.cc),
    bcc: addresses(fields.bcc),
    inReplyTo: fieldLine(fields.inReplyTo),
    messageId: fieldLine(fields.messageId),
  };
}

function addresses(field: string | null): readonly ListedAddress[] | null {
  if (field === null) return null;
  const found = readAddresses(field);
  return found.length === 0 ? null : found;
}

/** A field as one line, without the blanks around it. */
export function fieldLine(field: string | null): string | null {
  if (field === null) return null;
  const text = field.length > ENVELOPE_TEXT_CHARS_MAX ? field.slice(0, ENVELOPE_TEXT_CHARS_MAX) : field;
  return trimBlanks(unfold(text));
}

/** A text for people as one line, with one blank where several or a tab stand. */
export function fieldText(field: string | null): string | null {
  const text = fieldLine(field);
  return text !== null && /[ \t][ \t]|\t/.test(text) ? text.replace(/[ \t]+/g, " ") : text;
}
