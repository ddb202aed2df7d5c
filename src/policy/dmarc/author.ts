import { Buffer } from "node:buffer";
import { decodeUtf8 } from "../../base/mod.ts";
import { type Address, type DomainName, parseDomain, parseMailbox } from "../../mail/mod.ts";
import { fieldsNamed, type Message, valueOf } from "../header/mod.ts";

/** Author domains that are judged; a message that names more is refused. */
export const AUTHOR_DOMAINS_MAX = 5;
/** Longest From field that is read, in characters. */
const FROM_CHARS_MAX = 16_384;

/**
 * Whose name a message bears (RFC 5322 §3.6.2, RFC 9989 §5.3.1). Anything that two readers could read in two ways is no answer
 * but a defect (ATTACKS S30).
 */
export type Author =
  | { readonly type: "found"; readonly domains: readonly DomainName[] }
  | { readonly type: "missing" | "several" | "malformed" };

/** The domains in a message's From field. */
export function authorOfMessage(message: Message): Author {
  if (!message.complete) return { type: "malformed" };
  const [field, more] = fieldsNamed(message, "from");
  if (field === undefined) return { type: "missing" };
  if (more !== undefined) return { type: "several" };
  const value = valueOf(field);
  const domains = value.length > FROM_CHARS_MAX ? null : domainsOf(textOf(value).replace(/\r\n/g, ""));
  if (domains === null || domains.length > AUTHOR_DOMAINS_MAX) return { type: "malformed" };
  return domains.length === 0 ? { type: "missing" } : { type: "found", domains };
}

/**
 * The authors' addresses, as one From field names them (RFC 5322 §3.6.2); null when there is none, or when two readers could
 * read it in two ways: then it is nobody's.
 */
export function authorAddresses(message: Message): readonly Address[] | null {
  const [field, more] = message.complete ? fieldsNamed(message, "from") : [];
  const value = field === undefined || more !== undefined ? "" : valueOf(field);
  const mailboxes = value.length > FROM_CHARS_MAX ? null : splitMailboxes(textOf(value).replace(/\r\n/g, ""));
  if (mailboxes === null || mailboxes.length === 0) return null;
  const addresses: Address[] = [];
  for (const { phrase, written } of mailboxes) {
    // U+FFFD stands for what was no UTF-8.
    const isDoubtful = phrase.includes("@") || written.includes("\ufffd");
    const address = isDoubtful ? null : parseMailbox(written.trim(), { utf8: true });
    if (address === null) return null;
    addresses.push(address);
  }
  return addresses;
}

/** The one author's address; null when there are several, none, or one that could be read in two ways. */
export function authorAddress(message: Message): Address | null {
  const [author, another] = authorAddresses(message) ?? [];
  return another === undefined ? author ?? null : null;
}

/** UTF-8 (RFC 6532 §3.2); bytes that are not may stand in a name, never in a domain. */
function textOf(value: string): string {
  // deno-lint-ignore no-control-regex -- every byte above 127 is meant.
  return decodeUtf8(Buffer.from(value, "latin1")) ?? value.replace(/[^\x00-\x7f]/g, "\ufffd");
}

/** Every domain that stands in an address of a list, or null when the list is no list of addresses. */
export function domainsOf(text: string): DomainName[] | null {
  const mailboxes = splitMailboxes(text);
  if (mailboxes === null) return null;
  const domains = new Set<DomainName>();
  for (const { phrase, address } of mailboxes) {
    const domain = domainOf(address);
    if (domain === null) return null;
    domains.add(domain);
    // `ceo@bank.test <x@evil.test>` without quotes: some readers take the first, so it has to answer for it as well.
    for (const word of phrase.split(/\s/)) {
      const shown = word.includes("@") ? domainOf(word) : null;
      if (shown !== null) domains.add(shown);
    }
  }
  return [...domains];
}

/** The domain of an address, which has one `@`: a source route (RFC 5322 §4.4) has more, and readers differ on it. */
function domainOf(address: string): DomainName | null {
  const at = address.lastIndexOf("@");
  // A quoted local part was made a word of its own by the scanner: an `@` in it is no longer there.
  if (at <= 0 || address.indexOf("@") !== at) return null;
  const local = address.slice(0, at).trim();
  const domain = address.slice(at + 1).trim();
  if (local === "" || /\s/.test(local) || /\s/.test(domain)) return null;
  return parseDomain(domain.endsWith(".") ? domain.slice(0, -1) : domain);
}

/** One mailbox: what stands in its angle brackets, or all of it, and the words before them. */
interface Mailbox {
  readonly phrase: string;
  readonly address: string;
  /** The address with its quoted strings as they stand. */
  readonly written: string;
}

/** What stands for a quoted string: a word that cannot be mistaken. */
const QUOTED = "q";

/** Splits a list at its commas, comments dropped and quoted strings made words; groups are taken apart. Linear. */
function splitMailboxes(text: string): Mailbox[] | null {
  const found: Mailbox[] = [];
  let phrase = "";
  let angle: string | null = null;
  let written = "";
  let closed = false;
  const end = () => {
    if (angle !== null && !closed) return false;
    if (angle !== null) found.push({ phrase, address: angle, written });
    else if (phrase.trim() !== "") found.push({ phrase: "", address: phrase.trim(), written });
    [phrase, angle, written, closed] = ["", null, "", false];
    return true;
  };
  const add = (word: string, asWritten = word) => {
    if (closed) return word.trim() === "";
    if (angle === null) phrase += word;
    else angle += word;
    written += asWritten;
    return true;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    const code = text.charCodeAt(at);
    if (code === 0x7f || (code < 0x20 && char !== "\t")) return null;
    const inAngle = angle !== null && !closed;
    if (char === '"' || char === "(") {
      const behind = char === '"' ? endOfQuoted(text, at) : endOfComment(text, at);
      if (behind === null) return null;
      if (!(char === '"' ? add(QUOTED, text.slice(at, behind + 1)) : add(" "))) return null;
      at = behind;
    } else if (char === "<") {
      if (angle !== null) return null;
      [angle, written] = ["", ""];
    } else if (char === ">") {
      if (!inAngle) return null;
      closed = true;
    } else if (char === "," && !inAngle) {
      if (!end()) return null;
    } else if (char === ":" && angle === null) {
      // The name of a group (RFC 6854 lets From have one).
      if (phrase.includes("@")) return null;
      [phrase, written] = ["", ""];
    } else if (char === ";" && !inAngle) {
      if (!end()) return null;
    } else if (char === ")" || !add(char)) return null;
  }
  return end() ? found : null;
}

/** The place of the closing quote, or null. */
function endOfQuoted(text: string, from: number): number | null {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
    else if (isControl(text.charCodeAt(at))) return null;
  }
  return null;
}

/** The place of the closing parenthesis, or null; comments nest (RFC 5322 §3.2.2). */
function endOfComment(text: string, from: number): number | null {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return at;
    else if (isControl(text.charCodeAt(at))) return null;
  }
  return null;
}

function isControl(code: number): boolean {
  return code === 0x7f || (code < 0x20 && code !== 0x09);
}
