import type { EnvelopeFields, ListedAddress } from "../../../mime/mod.ts";
import { renderNstring } from "../write/render_string.ts";

/**
 * envelope (RFC 9051 §9, RFC 3501 §9) as it follows the word ENVELOPE, one character for each byte:
 * "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP env-in-reply-to SP
 * env-message-id ")"
 */
export function renderEnvelope(envelope: EnvelopeFields): string {
  const { date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageId } = envelope;
  const author = renderAddresses(from);
  const authorOr = (list: readonly ListedAddress[] | null) => list === from ? author : renderAddresses(list);
  return `(${renderNstring(date)} ${renderNstring(subject)} ${author} ${authorOr(sender)} ${authorOr(replyTo)} ` +
    `${renderAddresses(to)} ${renderAddresses(cc)} ${renderAddresses(bcc)} ` +
    `${renderNstring(inReplyTo)} ${renderNstring(messageId)})`;
}

/** "(" 1*address ")" / nil */
function renderAddresses(list: readonly ListedAddress[] | null): string {
  if (list === null || list.length === 0) return "NIL";
  let text = "(";
  for (const address of list) text += renderAddress(address);
  return `${text})`;
}

/** address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")" */
function renderAddress({ name, route, mailbox, host }: ListedAddress): string {
  return `(${renderNstring(name)} ${renderNstring(route)} ${renderNstring(mailbox)} ${renderNstring(host)})`;
}
