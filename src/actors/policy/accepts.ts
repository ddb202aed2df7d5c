import type { PolicyProtocol } from "../../messages/mod.ts";
import { areParts } from "../mail_shape.ts";
import { type Accepts, fields, fieldsOf, isListOf, isText } from "../shape.ts";

/** UTF-16 units of an address, a HELO name, a domain: what SMTP lets through is shorter. */
const TEXT_CHARS_MAX = 4_096;
/** A message in pieces, of 4 KiB and more, but for a few. */
const MESSAGE = { partsMax: 100_000, bytesMax: 256 * 1024 * 1024 };
/** Keys of one signing: an old and a new one of each kind, for a domain and its parent. */
const KEYS_MAX = 8;
/** UTF-16 units of a key in PEM; an RSA key of 4,096 bits takes 3,300. */
const PEM_CHARS_MAX = 8_192;

/** Whether requests of other workers have the form their types promise. */
export const policyAccepts: Accepts<PolicyProtocol> = {
  "policy.check": fields(({ ip, helo, sender, parts }) =>
    isWord(ip) && isWord(helo) && isWord(sender) && areParts(parts, MESSAGE)
  ),
  "policy.sign": fields(({ parts, keys }) => areParts(parts, MESSAGE) && isListOf(keys, KEYS_MAX, isKey)),
};

function isWord(value: unknown): boolean {
  return isText(value, TEXT_CHARS_MAX);
}

function isKey(value: unknown): boolean {
  const key = fieldsOf(value);
  return key !== null && isWord(key["domain"]) && isWord(key["selector"]) && isText(key["pem"], PEM_CHARS_MAX);
}
