import type { PolicyProtocol } from "../../messages/mod.ts";
import { type Accepts, fields, fieldsOf, isListOf, isText } from "../shape.ts";

/** UTF-16 units of an address, a HELO name, a domain: what SMTP lets through is shorter. */
const TEXT_CHARS_MAX = 4_096;
/** Pieces of one message; a listener makes them of 4 KiB and more, but for a few. */
const PARTS_MAX = 100_000;
/** Bytes of one message. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
/** Keys of one signing: an old and a new one of each kind, for a domain and its parent. */
const KEYS_MAX = 8;
/** UTF-16 units of a key in PEM; an RSA key of 4,096 bits takes 3,300. */
const PEM_CHARS_MAX = 8_192;

/** Whether requests of other workers have the form their types promise. */
export const policyAccepts: Accepts<PolicyProtocol> = {
  "policy.check": fields(({ ip, helo, sender, parts }) =>
    isWord(ip) && isWord(helo) && isWord(sender) && areParts(parts)
  ),
  "policy.sign": fields(({ parts, keys }) => areParts(parts) && isListOf(keys, KEYS_MAX, isKey)),
};

function isWord(value: unknown): boolean {
  return isText(value, TEXT_CHARS_MAX);
}

function isKey(value: unknown): boolean {
  const key = fieldsOf(value);
  return key !== null && isWord(key["domain"]) && isWord(key["selector"]) && isText(key["pem"], PEM_CHARS_MAX);
}

function areParts(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > PARTS_MAX) return false;
  let bytes = 0;
  for (const part of value) {
    if (!(part instanceof Uint8Array)) return false;
    bytes += part.length;
  }
  return bytes <= MESSAGE_BYTES_MAX;
}
