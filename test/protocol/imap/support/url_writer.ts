import { utf8 } from "../../../../src/base/bytes.ts";
import type { ImapUrl, UrlAccess, UrlServer } from "../../../../src/protocol/imap/url/imap_url.ts";

/** Written as it is in every place of a URL (RFC 3986 §2.3). */
const PLAIN = /[A-Za-z0-9\-._~]/;

/** The UTF-8 of a text with all that is not plain percent-encoded, but `more`. */
export function percentEncode(text: string, more = ""): string {
  return Array.from(utf8(text), (byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x80 && (PLAIN.test(character) || more.includes(character))) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** A URL as a client writes it (RFC 5092 §11); of an authorization only the rump. */
export function writeImapUrl(url: ImapUrl): string {
  const server = url.server === null ? "/" : `imap://${writeServer(url.server)}/`;
  if (url.type === "server") return server;
  const validity = url.uidValidity === null ? "" : `;UIDVALIDITY=${url.uidValidity}`;
  const mailbox = `${server}${percentEncode(url.mailbox, "/")}${validity}`;
  if (url.type === "mailbox") return url.search === null ? mailbox : `${mailbox}?${percentEncode(url.search)}`;
  const { section, partial, authorization } = url;
  let text = `${mailbox}/;UID=${url.uid}`;
  if (section !== null) {
    const fields = section.fields.length === 0 ? "" : ` (${section.fields.join(" ")})`;
    const words = [...section.part.map(String), ...(section.text === null ? [] : [`${section.text}${fields}`])];
    text += `/;SECTION=${percentEncode(words.join("."))}`;
  }
  if (partial !== null) {
    text += `/;PARTIAL=${partial.offset}${Number.isFinite(partial.length) ? `.${partial.length}` : ""}`;
  }
  if (authorization === null) return text;
  const { expiresMs, access } = authorization;
  if (expiresMs !== null) text += `;EXPIRE=${new Date(expiresMs).toISOString().replace(".000Z", "Z")}`;
  return `${text};URLAUTH=${writeAccess(access)}`;
}

function writeServer({ user, auth, host, port }: UrlServer): string {
  const info = `${percentEncode(user ?? "")}${auth === null ? "" : `;AUTH=${percentEncode(auth, "*")}`}`;
  return `${info === "" ? "" : `${info}@`}${host}${port === null ? "" : `:${port}`}`;
}

function writeAccess(access: UrlAccess): string {
  return "user" in access ? `${access.type}+${percentEncode(access.user)}` : access.type;
}
