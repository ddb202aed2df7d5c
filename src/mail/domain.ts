import { domainToASCII, domainToUnicode } from "node:url";

/** A domain in canonical form: lower-case A-labels (RFC 5890), no trailing dot, at most 253 octets. Made only by `parseDomain`. */
export type DomainName = string & { readonly __domainName: unique symbol };

/** Longest domain in A-label form, in octets, without the root's dot (RFC 1035 §2.3.4). */
export const DOMAIN_BYTES_MAX = 253;
/** Longest label, in octets (RFC 1035 §2.3.4). */
export const LABEL_BYTES_MAX = 63;

/** Text longer than this cannot be a domain: keeps IDNA away from long input, in UTF-16 units. */
const TEXT_CHARS_MAX = 1_000;

/**
 * The domain that a text names (RFC 5321 §4.1.2, RFC 6531 §3.3), or null. Letters, digits and inner hyphens only; a
 * UTF-8 label must be a U-label: the same after IDNA and back, but for case (RFC 5890 §2.3.2.1).
 */
export function parseDomain(text: string): DomainName | null {
  if (text.length === 0 || text.length > TEXT_CHARS_MAX) return null;
  if (isAscii(text)) {
    const lower = text.toLowerCase();
    if (!isHostName(lower)) return null;
    return lower.includes("xn--") && !isIdna(lower) ? null : lower as DomainName;
  }
  return parseInternational(text);
}

/** The domain for people to read: U-labels where they survive the way back, else A-labels. */
export function displayDomain(domain: DomainName): string {
  if (!domain.includes("xn--")) return domain;
  const shown = domainToUnicode(domain);
  return shown !== "" && domainToASCII(shown) === domain ? shown : domain;
}

function parseInternational(text: string): DomainName | null {
  if (!text.isWellFormed()) return null;
  // Runtimes differ in what IDNA does to ASCII that no domain may hold (one cuts at "/"): judge it before.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80 && !isLetterDigit(code) && code !== HYPHEN && code !== DOT) return null;
  }
  const folded = text.normalize("NFC").toLowerCase();
  const ascii = domainToASCII(folded);
  if (!isHostName(ascii)) return null;
  // Compatibility forms, soft hyphens, other full stops and the like are mapped away by IDNA: they were no U-labels.
  // A label that came as A-label comes back as U-label, so compare label by label.
  const back = domainToUnicode(ascii).split(".");
  const labels = folded.split(".");
  const asciiLabels = ascii.split(".");
  if (back.length !== labels.length || asciiLabels.length !== labels.length) return null;
  const survives = labels.every((label, i) => label === back[i] || label === asciiLabels[i]);
  return survives ? ascii as DomainName : null;
}

/** Whether lower-case A-labels decode, and encode to themselves. */
function isIdna(ascii: string): boolean {
  if (domainToASCII(ascii) !== ascii) return false;
  const unicode = domainToUnicode(ascii);
  return unicode !== "" && domainToASCII(unicode) === ascii;
}

const HYPHEN = 0x2d;
const DOT = 0x2e;

/** Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str] (RFC 5321 §4.1.2), in lower case. */
function isHostName(text: string): boolean {
  if (text.length === 0 || text.length > DOMAIN_BYTES_MAX) return false;
  let labelStart = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      const length = i - labelStart;
      if (length === 0 || length > LABEL_BYTES_MAX) return false;
      if (text.charCodeAt(labelStart) === HYPHEN || text.charCodeAt(i - 1) === HYPHEN) return false;
      labelStart = i + 1;
    } else if (code !== HYPHEN && !isLetterDigit(code)) {
      return false;
    }
  }
  return !isNumber(text.slice(text.lastIndexOf(".") + 1));
}

/** A last label that URL parsers take for the end of an IPv4 address: no such top-level domain can exist (RFC 3696 §2). */
function isNumber(label: string): boolean {
  let i = label.startsWith("0x") ? 2 : 0;
  const hexadecimal = i === 2;
  for (; i < label.length; i++) {
    const code = label.charCodeAt(i);
    const digit = code >= 0x30 && code <= 0x39;
    if (!digit && !(hexadecimal && code >= 0x61 && code <= 0x66)) return false;
  }
  return true;
}

function isLetterDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
