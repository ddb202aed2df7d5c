import type { MailParameters, Notify, RecipientParameters } from "../../mail/envelope.ts";
import { decodeXtext } from "./xtext.ts";

/** Longest ENVID and ORCPT as they are sent, in characters (RFC 3461 §4.4, §4.2). */
export const ENVID_CHARS_MAX = 100;
export const ORCPT_CHARS_MAX = 500;

/** RET=FULL or HDRS (RFC 3461 §4.3), or null when it is neither. */
export function parseRet(value: string | null): NonNullable<MailParameters["ret"]> | null {
  const word = value?.toUpperCase();
  return word === "FULL" ? "full" : word === "HDRS" ? "headers" : null;
}

/** ENVID=xtext (RFC 3461 §4.4): printable ASCII and white space once decoded, or null. */
export function parseEnvid(value: string | null): string | null {
  if (value === null || value.length > ENVID_CHARS_MAX) return null;
  const text = decodeXtext(value);
  return text !== null && PRINTABLE.test(text) ? text : null;
}

/** NOTIFY=NEVER or a list of SUCCESS, FAILURE and DELAY (RFC 3461 §4.1), or null. NEVER is the empty list, and stands alone. */
export function parseNotify(value: string | null): NonNullable<RecipientParameters["notify"]> | null {
  if (value === null) return null;
  const words = value.split(",").map((word) => word.toLowerCase());
  if (words.length === 1 && words[0] === "never") return [];
  const found = new Set<Notify>();
  for (const word of words) {
    if (word !== "success" && word !== "failure" && word !== "delay") return null;
    found.add(word);
  }
  return [...found];
}

/**
 * ORCPT=addr-type ";" xtext (RFC 3461 §4.2) as `addr-type;address`, or null. The address is printable ASCII. One of the type `utf-8`
 * has escapes of its own, `\x{HEX}` (RFC 6533 §3); with SMTPUTF8 it may come in UTF-8, and is escaped, so that it can go on to
 * every server.
 */
export function parseOrcpt(value: string | null, { smtpUtf8 }: { readonly smtpUtf8: boolean }): string | null {
  if (value === null || value.length > ORCPT_CHARS_MAX) return null;
  const semicolon = value.indexOf(";");
  const type = value.slice(0, Math.max(0, semicolon));
  const encoded = value.slice(semicolon + 1);
  if (!ATOM.test(type) || encoded === "") return null;
  if (type.toLowerCase() === "utf-8") {
    if (!(smtpUtf8 ? UTF8_ADDRESS : UTF8_ADDRESS_7BIT).test(encoded)) return null;
    const escaped = value.replace(
      NOT_ASCII,
      (character) => `\\x{${character.codePointAt(0)!.toString(16).toUpperCase()}}`,
    );
    return escaped.length > ORCPT_CHARS_MAX ? null : escaped;
  }
  const address = decodeXtext(encoded);
  return address !== null && PRINTABLE.test(address) ? `${type};${address}` : null;
}

/** atom (RFC 5322 §3.2.3). */
const ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/;
const PRINTABLE = /^[\t -~]*$/;
const NOT_ASCII = /[^\x20-\x7e]/gu;
/** utf-8-addr-xtext: 1*(QCHAR / EmbeddedUnicodeChar) (RFC 6533 §3). */
const UTF8_ADDRESS_7BIT = /^(?:[!-*,-<>-[\]-~]|\\x\{[0-9A-F]{2,6}\})+$/;
/** utf-8-addr-unitext: the same with UTF-8; the parameter's own grammar keeps control characters out. */
const UTF8_ADDRESS = /^(?:[!-*,-<>-[\]-~\u00a0-\uffff]|\\x\{[0-9A-F]{2,6}\})+$/;
