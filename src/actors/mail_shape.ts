import { isWireAddress } from "../protocol/smtp/client/mod.ts";
import { fieldsOf, isBoolean, isCount, isListOf, isName, isText, isWhole } from "./shape.ts";

/** Longest path without its brackets (RFC 5321 §4.5.3.1.3), in UTF-16 units. */
const ADDRESS_CHARS_MAX = 254;
/** Characters of a mail's id and of an account's. */
const ID_CHARS_MAX = 255;
/** RFC 3461 §4.4 and §4.2. */
const ENVID_CHARS_MAX = 100;
const ORCPT_CHARS_MAX = 500;

const BODIES: ReadonlySet<unknown> = new Set(["7bit", "8bitmime", "binarymime"]);
const RETS: ReadonlySet<unknown> = new Set([null, "full", "headers"]);
const NOTIFIES: ReadonlySet<unknown> = new Set(["success", "failure", "delay"]);

/** The envelope of a mail that goes out: nothing in it can add or end a command of SMTP. */
export function isOutgoingEnvelope(value: unknown): boolean {
  const envelope = fieldsOf(value);
  if (envelope === null) return false;
  const { id, sender, account, body, smtpUtf8, ret, envid, requireTls, priority, releaseAtMs, deliverBy } = envelope;
  return isName(id, ID_CHARS_MAX) && (sender === "" || isAddress(sender)) && BODIES.has(body) && RETS.has(ret) &&
    (account === null || isName(account, ID_CHARS_MAX)) && isBoolean(smtpUtf8) && isBoolean(requireTls) &&
    isOctets(envid, ENVID_CHARS_MAX) && isWhole(priority, -9, 9) && (releaseAtMs === null || isCount(releaseAtMs)) &&
    (deliverBy === null || isDeadline(deliverBy));
}

function isDeadline(value: unknown): boolean {
  const deadline = fieldsOf(value);
  if (deadline === null) return false;
  const { atMs, mode, trace } = deadline;
  return isCount(atMs) && (mode === "return" || mode === "notify") && isBoolean(trace);
}

/** A recipient on another server, with what is asked for it. */
export function isOutgoingRecipient(value: unknown): boolean {
  const recipient = fieldsOf(value);
  if (recipient === null) return false;
  const { address, notify, orcpt } = recipient;
  return isAddress(address) && (notify === null || isListOf(notify, 3, (each) => NOTIFIES.has(each))) &&
    isOctets(orcpt, ORCPT_CHARS_MAX) && (orcpt === null || /^[A-Za-z0-9-]+;/.test(orcpt as string));
}

function isAddress(value: unknown): boolean {
  return isText(value, ADDRESS_CHARS_MAX) && value !== "" && isWireAddress(value);
}

/** Null, or one octet in each character: all of them can be written as xtext. */
function isOctets(value: unknown, charsMax: number): boolean {
  if (value === null) return true;
  if (!isText(value, charsMax)) return false;
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0xff) return false;
  return true;
}

/** A mail's bytes in pieces, within bounds. */
export function areParts(value: unknown, { partsMax, bytesMax }: { partsMax: number; bytesMax: number }): boolean {
  if (!Array.isArray(value) || value.length > partsMax) return false;
  let bytes = 0;
  for (let i = 0; i < value.length; i++) {
    const part: unknown = value[i];
    if (!(part instanceof Uint8Array)) return false;
    bytes += part.length;
  }
  return bytes <= bytesMax;
}
