import { type ListedAddress, MISSING_HOST, MISSING_MAILBOX } from "./address_list.ts";
import { baseSubject } from "./base_subject.ts";
import { casemap } from "./casemap.ts";
import { decodeRaw } from "./charset.ts";
import { parseDate } from "./date.ts";
import { decodeWords } from "./encoded_word.ts";
import type { EnvelopeFields } from "./envelope.ts";
import type { HeaderFields } from "./header_fields.ts";
import { readMessageIds } from "./message_ids.ts";
import { readDisposition } from "./parameters.ts";
import type { Part } from "./part.ts";

/** Characters of a decoded field that are kept for searching. */
export const FACT_CHARS_MAX = 4_096;

/** The first address of a field, as it is sorted by; "" where there is none. */
export interface SortedAddress {
  /** addr-mailbox (RFC 5256 §3, SORT FROM), in the form in which it is compared. */
  readonly mailbox: string;
  /** The name or, without one, the address (RFC 5957 §3), in the form in which it is compared. */
  readonly display: string;
}

/**
 * What SORT, THREAD and SEARCH ask about a message without reading it. Texts are decoded, and in the form in which they are
 * compared (casemap).
 */
export interface MessageFacts {
  /** ms since 1970 UTC of the Date field (RFC 5256 §2.2); null without a valid one: then the time of arrival counts. */
  readonly sentMs: number | null;
  /** RFC 5256 §2.1. */
  readonly baseSubject: string;
  /** Whether the subject is one of a reply or forward. */
  readonly reply: boolean;
  readonly from: SortedAddress;
  readonly to: SortedAddress;
  readonly cc: SortedAddress;
  /** Ids without brackets (RFC 5256 §3, THREAD); null without a usable one. */
  readonly messageId: string | null;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly subjectText: string;
  readonly fromText: string;
  readonly toText: string;
  readonly ccText: string;
  readonly bccText: string;
  /** False when one of the texts was longer than is kept: then only the message can tell that something is not in it. */
  readonly complete: boolean;
  /** A guess: whether a part is there that a reader would call an attachment. */
  readonly attachment: boolean;
}

/** Makes the facts of a message of its header and parts. */
export function readFacts(root: Part, envelope: EnvelopeFields): MessageFacts {
  const { fields } = root;
  const subject = fields.subject === null ? "" : decodeWords(fields.subject).trim();
  const base = baseSubject(subject);
  const texts = [subject, decoded(fields.from), decoded(fields.to), decoded(fields.cc), decoded(fields.bcc)];
  const [subjectText, fromText, toText, ccText, bccText] = texts.map(kept);
  return {
    sentMs: fields.date === null ? null : parseDate(fields.date),
    baseSubject: casemap(base.text),
    reply: base.reply,
    from: sorted(envelope.from),
    to: sorted(envelope.to),
    cc: sorted(envelope.cc),
    ...threadIds(fields),
    subjectText: subjectText!,
    fromText: fromText!,
    toText: toText!,
    ccText: ccText!,
    bccText: bccText!,
    complete: texts.every((text) => text.length <= FACT_CHARS_MAX),
    attachment: hasAttachment(root),
  };
}

function decoded(field: string | null): string {
  return field === null ? "" : decodeWords(field).trim();
}

function kept(text: string): string {
  return casemap(cut(text));
}

/** The ids that tell to which conversation a message belongs, and to which of its messages. */
export function threadIds({ messageId, inReplyTo, references }: HeaderFields) {
  return {
    messageId: messageId === null ? null : readMessageIds(messageId)[0] ?? null,
    inReplyTo: inReplyTo === null ? null : readMessageIds(inReplyTo)[0] ?? null,
    references: references === null ? [] : readMessageIds(references),
  };
}

const NOBODY: SortedAddress = { mailbox: "", display: "" };

/** RFC 5957 §3: of a group its name; RFC 5256 §3: its mailbox is that, too. */
function sorted(list: readonly ListedAddress[] | null): SortedAddress {
  const first = list?.[0];
  if (first === undefined) return NOBODY;
  const mailbox = present(first.mailbox, MISSING_MAILBOX);
  const host = present(first.host, MISSING_HOST);
  const name = first.name === null ? "" : decodeWords(cut(first.name));
  const address = host === "" ? mailbox : `${mailbox}@${host}`;
  return { mailbox: casemap(mailbox), display: casemap(cut(name === "" ? address : name)) };
}

function present(text: string | null, missing: string): string {
  return text === null || text === missing ? "" : decodeRaw(cut(text));
}

function cut(text: string): string {
  return text.length > FACT_CHARS_MAX ? text.slice(0, FACT_CHARS_MAX) : text;
}

/** Types of parts that belong to the message itself, whatever reader shows it. */
const NO_ATTACHMENTS: ReadonlySet<string> = new Set([
  "application/pgp-signature",
  "application/pgp-encrypted",
  "application/pkcs7-signature",
  "application/x-pkcs7-signature",
]);

/** A part that says so, a message, or one that is neither text, nor shown within another part, nor a signature. */
function hasAttachment(root: Part): boolean {
  const waiting: Part[] = [root];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { contentDisposition, contentId } = part.fields;
    const said = contentDisposition === null ? null : readDisposition(contentDisposition)?.value ?? null;
    if (said === "attachment") return true;
    if (part.kind === "message" && part !== root) return true;
    if (part.kind === "multipart") waiting.push(...part.children);
    else if (part.type === "text" || NO_ATTACHMENTS.has(`${part.type}/${part.subtype}`)) continue;
    else if (said !== "inline" && contentId === null) return true;
  }
  return false;
}
