import { Buffer } from "node:buffer";
import { derChildren, type DerElement, derElement } from "./der.ts";

/** `subjectAltName` (RFC 5280 §4.2.1.6), as DER in hexadecimal. */
const SUBJECT_ALT_NAME = "551d11";
/** `extensions` of TBSCertificate, and `rfc822Name` of GeneralName: context-specific tags. */
const EXTENSIONS = 0xa3;
const RFC822_NAME = 0x81;

/** Addresses of one certificate that are looked at. */
const ADDRESSES_MAX = 20;

/**
 * The mail addresses that a certificate (DER) is made out to, its rfc822Names. Read from the bytes: in the text that
 * `node:crypto` makes of them, a name could pretend to be several.
 */
export function mailAddressesOf(certificate: Uint8Array): string[] {
  const der = Buffer.from(certificate);
  const [signed] = derChildren(der, derElement(der, 0));
  const extensions = signed && derChildren(der, signed).find(({ tag }) => tag === EXTENSIONS);
  if (extensions === undefined) return [];
  const names = derChildren(der, derElement(der, extensions.start)).flatMap((extension) => namesIn(der, extension));
  return names.filter(({ tag }) => tag === RFC822_NAME).slice(0, ADDRESSES_MAX)
    .map(({ start, end }) => der.toString("latin1", start, end)).filter((text) => /^[\x21-\x7e]{3,254}$/.test(text));
}

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING } (RFC 5280 §4.1) */
function namesIn(der: Buffer, extension: DerElement): DerElement[] {
  const parts = derChildren(der, extension);
  const [id, value] = [parts[0], parts.at(-1)];
  if (id === undefined || value === undefined || der.toString("hex", id.start, id.end) !== SUBJECT_ALT_NAME) return [];
  return derChildren(der, derElement(der, value.start));
}
