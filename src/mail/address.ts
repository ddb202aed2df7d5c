import { isIPv4, isIPv6 } from "node:net";
import { displayDomain, type DomainName, parseDomain } from "./domain.ts";

/** A mailbox address (RFC 5321 §4.1.2), taken apart and unquoted. Made only by `parseMailbox`. */
export interface Address {
  /** Local part without quoting, case kept. */
  readonly local: string;
  /** The domain, or null when the address has a literal. */
  readonly domain: DomainName | null;
  /** Content of an address literal, e.g. `127.0.0.1` or `IPv6:::1`. */
  readonly literal: string | null;
}

/** Longest local part as written, quotes included, in octets (RFC 5321 §4.5.3.1.1). */
export const LOCAL_BYTES_MAX = 64;
/** Longest mailbox, in octets: a path of 256 less its brackets (RFC 5321 §4.5.3.1.3). */
export const MAILBOX_BYTES_MAX = 254;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const AT = 0x40;

/**
 * Mailbox = Local-part "@" ( Domain / address-literal ) (RFC 5321 §4.1.2; with `utf8` also RFC 6531 §3.3), or null.
 * An empty quoted local part is refused: it could name nobody.
 */
export function parseMailbox(text: string, options: { readonly utf8: boolean }): Address | null {
  if (text.length > MAILBOX_BYTES_MAX || !text.isWellFormed()) return null;
  const scanned = text.charCodeAt(0) === QUOTE
    ? scanQuotedString(text, options.utf8)
    : scanDotString(text, options.utf8);
  if (scanned === null || text.charCodeAt(scanned.end) !== AT) return null;
  if (octets(text, 0, scanned.end) > LOCAL_BYTES_MAX) return null;
  const host = parseHost(text.slice(scanned.end + 1), options.utf8);
  if (host === null) return null;
  const address: Address = { local: scanned.local, ...host };
  // Both the form that came and the form that goes out must fit: an A-label may be longer than its U-label.
  const fits = octets(text, 0, text.length) <= MAILBOX_BYTES_MAX && octets(formatAddress(address)) <= MAILBOX_BYTES_MAX;
  return fits ? address : null;
}

/** The address as it goes on the wire: quoted only where it must be, the domain in A-labels. */
export function formatAddress(address: Address): string {
  return `${formatLocal(address.local)}@${address.domain ?? `[${address.literal}]`}`;
}

/** The address for people to read: as on the wire, but with U-labels. */
export function displayAddress(address: Address): string {
  const host = address.domain === null ? `[${address.literal}]` : displayDomain(address.domain);
  return `${formatLocal(address.local)}@${host}`;
}

/** The local part as a key: one form for all ways to write the same name (NFC, lower case). */
export function canonicalLocal(local: string): string {
  // Lower case may leave NFC, and composing may give letters that lower again: twice is a fixed point.
  return local.normalize("NFC").toLowerCase().normalize("NFC").toLowerCase().normalize("NFC");
}

/** Whether the address needs SMTPUTF8 on the wire: only its local part can (RFC 6531 §3.2). */
export function needsUtf8(address: Address): boolean {
  for (let i = 0; i < address.local.length; i++) if (address.local.charCodeAt(i) > 0x7f) return true;
  return false;
}

type Scanned = { readonly local: string; readonly end: number };

/** Dot-string = Atom *("." Atom) (RFC 5321 §4.1.2). */
function scanDotString(text: string, utf8: boolean): Scanned | null {
  let i = 0;
  let atomStart = 0;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (i === atomStart) return null;
      atomStart = i + 1;
    } else if (!isAtext(code, utf8)) break;
  }
  return i === atomStart ? null : { local: text.slice(0, i), end: i };
}

/** Quoted-string = DQUOTE *QcontentSMTP DQUOTE (RFC 5321 §4.1.2); here at least one character. */
function scanQuotedString(text: string, utf8: boolean): Scanned | null {
  let local = "";
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return local === "" ? null : { local, end: i + 1 };
    if (code === BACKSLASH) {
      i++;
      const escaped = text.charCodeAt(i); // NaN past the end fails both comparisons.
      if (!(escaped >= 0x20 && escaped <= 0x7e)) return null;
    } else if (code > 0x7f ? !utf8 || isControl(code) : code < 0x20 || code > 0x7e) return null;
    local += text[i];
  }
  return null;
}

/** Domain / address-literal; of the literals only IPv4 and IPv6 exist (RFC 5321 §4.1.3). */
function parseHost(text: string, utf8: boolean): { domain: DomainName | null; literal: string | null } | null {
  if (!text.startsWith("[")) {
    if (!utf8 && octets(text) !== text.length) return null;
    const domain = parseDomain(text);
    return domain === null ? null : { domain, literal: null };
  }
  if (!text.endsWith("]")) return null;
  const literal = parseLiteral(text.slice(1, -1));
  return literal === null ? null : { domain: null, literal };
}

/** The content of an address literal in canonical case, or null: `192.0.2.1`, `IPv6:2001:db8::1` (RFC 5321 §4.1.3). */
export function parseLiteral(text: string): string | null {
  if (text.slice(0, 5).toLowerCase() === "ipv6:") {
    const address = text.slice(5);
    // A zone ("%eth0") has a meaning on one machine only.
    return isIPv6(address) && !address.includes("%") ? `IPv6:${address.toLowerCase()}` : null;
  }
  return isIPv4(text) ? text : null;
}

function formatLocal(local: string): string {
  const scanned = scanDotString(local, true);
  if (scanned !== null && scanned.end === local.length) return local;
  let quoted = '"';
  for (const character of local) quoted += character === '"' || character === "\\" ? `\\${character}` : character;
  return `${quoted}"`;
}

/** atext (RFC 5322 §3.2.3), with UTF8-non-ascii where asked (RFC 6531 §3.3). */
function isAtext(code: number, utf8: boolean): boolean {
  if (code > 0x7f) return utf8 && !isControl(code);
  return ATEXT[code] === 1;
}

const ATEXT = Uint8Array.from({ length: 128 }, (_, code) => {
  return /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]/.test(String.fromCharCode(code)) ? 1 : 0;
});

/** C1 controls and the line separators of Unicode: never in an address, they only serve to fool a log or a terminal. */
function isControl(code: number): boolean {
  return (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029;
}

/** UTF-8 octets of text[from, to), which is well-formed. */
function octets(text: string, from = 0, to = text.length): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    // A surrogate is half of a character of four octets.
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code <= 0xdfff ? 2 : 3;
  }
  return count;
}
