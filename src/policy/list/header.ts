import { Buffer } from "node:buffer";
import type { HeaderField, Message } from "../header/mod.ts";
import { fieldsNamed, readMessage, valueOf } from "../header/mod.ts";
import { roleAddress } from "./name.ts";

/** What the header of a list's mail is made of. */
export interface ListHead {
  /** Canonical `local@domain`. */
  readonly address: string;
  /** One line of ASCII. */
  readonly title: string;
  readonly post: "anybody" | "members" | "moderators";
  readonly join: "open" | "confirm" | "closed";
  readonly replyTo: "author" | "list";
  readonly subjectPrefix: string;
  readonly verp: boolean;
  readonly unsubscribeUrl: string | null;
  readonly archiveUrl: string | null;
}

/** Stands in List-Unsubscribe for what names a member, until the mail leaves for him alone. */
export const MEMBER_MARK = "{member}";

/** Fields that a list writes, and so takes out: there is one of each at most (RFC 2369 §3), and a sublist's replace its parent's (§4, RFC 2919 §7). */
const OWN: ReadonlySet<string> = new Set([
  "list-id",
  "list-help",
  "list-unsubscribe",
  "list-unsubscribe-post",
  "list-subscribe",
  "list-post",
  "list-owner",
  "precedence",
  // RFC 5321 §4.4: it is put on where mail ends, and this one goes on.
  "return-path",
]);

/**
 * Names every list that a mail went through, and is never taken out: of lists that are members of each other, each replaces the
 * other's List-Id. No standard; others write it, too.
 */
export const BEEN_THERE = "x-beenthere";

/** The list's identifier, without brackets: `cats.smith.test` (RFC 2919 §2). */
export function listId(address: string): string {
  return address.replace("@", ".");
}

/** The fields of RFC 2369 and RFC 2919 for mail of this list, replies to commands included; with `oneClick` those of RFC 8058. */
export function listFields(list: ListHead, oneClick: string | null = null): string {
  const request = roleAddress(list.address, "request");
  const fields = [
    // list-id-header = "List-ID:" [phrase] "<" list-id ">" CRLF (RFC 2919 §3)
    `List-Id: ${list.title === "" ? "" : `${quotedPhrase(list.title)} `}<${listId(list.address)}>`,
    `List-Help: <mailto:${request}?subject=help>`,
    `List-Unsubscribe: ${oneClick === null ? "" : `<${oneClick}>,\r\n\t`}<mailto:${request}?subject=unsubscribe>`,
    ...(oneClick === null ? [] : ["List-Unsubscribe-Post: List-Unsubscribe=One-Click"]), // RFC 8058 §3.1
    ...(list.join === "closed" ? [] : [`List-Subscribe: <mailto:${request}?subject=subscribe>`]),
    list.post === "moderators" ? "List-Post: NO (only its moderators post)" : `List-Post: <mailto:${list.address}>`,
    `List-Owner: <mailto:${roleAddress(list.address, "owner")}>`,
    ...(list.archiveUrl === null ? [] : [`List-Archive: <${list.archiveUrl}>`]),
    "Precedence: list", // No standard, but programs that answer for people on leave know it (RFC 3834 §2).
  ];
  return fields.map((field) => `${field}\r\n`).join("");
}

/**
 * A mail as the list sends it on: its own fields above, those that it replaces taken out, the subject's prefix and the answers'
 * address where the list wants them; every other byte as it came.
 */
export function distributed(message: Message, list: ListHead): Uint8Array[] {
  // RFC 2369 §4: a sublist without an archive of its own leaves its parent's; nobody else may write the field (§3).
  const isNested = fieldsNamed(message, "list-id").length > 0;
  let hasSubject = false;
  let fields = "";
  for (const field of message.fields) {
    if (OWN.has(field.name) || (field.name === "reply-to" && list.replyTo === "list")) continue;
    if (field.name === "list-archive" && (list.archiveUrl !== null || !isNested)) continue;
    const isSubject = field.name === "subject" && !hasSubject;
    if (isSubject) hasSubject = true;
    fields += isSubject ? prefixed(field, list.subjectPrefix) : field.raw;
  }
  const added = `X-BeenThere: ${list.address}\r\n` +
    (list.replyTo === "list" ? `Reply-To: <${list.address}>\r\n` : "") +
    (hasSubject || list.subjectPrefix === "" ? "" : `Subject: ${list.subjectPrefix}\r\n`);
  // RFC 8058 §3.1: the address names the member, so there is one only where each has a mail of his own.
  const oneClick = list.verp && list.unsubscribeUrl !== null ? list.unsubscribeUrl + MEMBER_MARK : null;
  return [Buffer.from(`${listFields(list, oneClick)}${added}${fields}\r\n`, "latin1"), ...message.body];
}

/** A list's mail as it may be signed once for all members: without the field that names each, if it has one. */
export function unmarked(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const { fields, body } = readMessage(parts);
  const others = fields.filter(({ name, raw }) => name !== "list-unsubscribe" || !raw.includes(MEMBER_MARK));
  if (others.length === fields.length) return parts;
  const rest = others.map(({ raw }) => raw).join("");
  return [Buffer.from(`${rest}\r\n`, "latin1"), ...body];
}

/** The subject with the prefix before it, unless it is in it already, as in an answer. */
function prefixed(field: HeaderField, prefix: string): string {
  const value = valueOf(field);
  if (prefix === "" || value.includes(prefix)) return field.raw;
  return `Subject: ${prefix} ${value.trimStart()}\r\n`;
}

/** A phrase of one quoted string (RFC 5322 §3.2.5). */
function quotedPhrase(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
