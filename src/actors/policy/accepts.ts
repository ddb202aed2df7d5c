import type { PolicyProtocol } from "../../messages/mod.ts";
import { HEADER_BYTES_MAX } from "../../policy/header/mod.ts";
import { areParts } from "../mail_shape.ts";
import { type Accepts, fields, fieldsOf, isBoolean, isListOf, isText } from "../shape.ts";

/** UTF-16 units of an address, a HELO name, a domain: what SMTP lets through is shorter. */
const TEXT_CHARS_MAX = 4_096;
/** A message in pieces, of 4 KiB and more, but for a few. */
const MESSAGE = { partsMax: 100_000, bytesMax: 256 * 1024 * 1024 };
/** SHA-256. */
const HASH_BYTES = 32;
/** Selectors of one signing. */
const SELECTORS_MAX = 100;
/** Recipients that scanners are told of. */
const RECIPIENTS_MAX = 1_000;

/** Whether requests of other workers have the form their types promise. */
export const policyAccepts: Accepts<PolicyProtocol> = {
  "policy.check": fields(({ ip, helo, sender, parts, seal }) =>
    isWord(ip) && isWord(helo) && isWord(sender) && areParts(parts, MESSAGE) && (seal === null || isSigningDomain(seal))
  ),
  "policy.listed": fields(({ ip }) => isWord(ip)),
  "policy.scan": fields((request) =>
    isWord(request["id"]) && (request["direction"] === "incoming" || request["direction"] === "outgoing") &&
    isBoolean(request["staysHere"]) && isWordOrNull(request["ip"]) && isWordOrNull(request["name"]) &&
    isWord(request["helo"]) && isWord(request["sender"]) && isWordOrNull(request["user"]) &&
    isListOf(request["recipients"], RECIPIENTS_MAX, isWord) && areParts(request["parts"], MESSAGE)
  ),
  "policy.sign": fields((request) => {
    const { head, bodyHash } = request;
    return isSigningDomain(request) && head instanceof Uint8Array && head.length <= HEADER_BYTES_MAX &&
      bodyHash instanceof Uint8Array && bodyHash.length === HASH_BYTES;
  }),
  "policy.checkKey": fields(({ domain, selector, algorithm, publicKey }) =>
    isWord(domain) && isWord(selector) && (algorithm === "rsa-sha256" || algorithm === "ed25519-sha256") &&
    isWord(publicKey)
  ),
};

function isWord(value: unknown): value is string {
  return isText(value, TEXT_CHARS_MAX);
}

function isWordOrNull(value: unknown): boolean {
  return value === null || isWord(value);
}

function isSigningDomain(value: unknown): boolean {
  const signing = fieldsOf(value);
  return signing !== null && isWord(signing["domain"]) && isListOf(signing["selectors"], SELECTORS_MAX, isWord);
}
