import { type Fields, fieldsOf, isBoolean, isCount, isName, isText, isWhole } from "./shape.ts";

/** UTF-16 units of an address, and of what MAIL may say of it. */
const ADDRESS_CHARS_MAX = 512;
/** Characters of a mail's id. */
const ID_CHARS_MAX = 255;

const BODIES: readonly unknown[] = ["7bit", "8bitmime", "binarymime"];
const RETURNS: readonly unknown[] = [null, "full", "headers"];

/** Whether a mail's envelope has the form its type promises. */
export function isOutgoingEnvelope(value: unknown): boolean {
  const envelope = fieldsOf(value);
  return envelope !== null && isName(envelope["id"], ID_CHARS_MAX) && address(envelope["sender"]) &&
    textOrNull(envelope["account"]) && isParameters(envelope);
}

function isParameters({ body, smtpUtf8, ret, envid, requireTls, priority, releaseAtMs, deliverBy }: Fields): boolean {
  return BODIES.includes(body) && isBoolean(smtpUtf8) && RETURNS.includes(ret) && textOrNull(envid) &&
    isBoolean(requireTls) && isWhole(priority, -9, 9) && (releaseAtMs === null || isCount(releaseAtMs)) &&
    (deliverBy === null || isDeliverBy(deliverBy));
}

function isDeliverBy(value: unknown): boolean {
  const deliverBy = fieldsOf(value);
  return deliverBy !== null && isCount(deliverBy["atMs"]) && isBoolean(deliverBy["trace"]) &&
    (deliverBy["mode"] === "return" || deliverBy["mode"] === "notify");
}

function address(value: unknown): value is string {
  return isText(value, ADDRESS_CHARS_MAX);
}

function textOrNull(value: unknown): value is string | null {
  return value === null || address(value);
}
