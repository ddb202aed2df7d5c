import type { ListProtocol } from "../../messages/mod.ts";
import { areParts, isOutgoingEnvelope } from "../mail_shape.ts";
import { type Accepts, fields, fieldsOf, isBoolean, isName, isText } from "../shape.ts";

/** Characters of the identity of a mail to one recipient: what is made of it stays an opId. */
const ID_CHARS_MAX = 200;
const ADDRESS_CHARS_MAX = 512;
/** Pieces and bytes of one mail: what the queue takes. */
const CONTENT = { partsMax: 100_000, bytesMax: 256 * 1024 * 1024 };

/** UTF-16 units of what names a list and its member. */
const TOKEN_CHARS_MAX = 2_000;

const ROLES: readonly unknown[] = ["post", "request", "bounces"];

/** Whether requests of other workers have the form their types promise. */
export const listAccepts: Accepts<ListProtocol> = {
  "list.take": fields(({ id, target, envelope, parts }) =>
    isName(id, ID_CHARS_MAX) && isTarget(target) && isOutgoingEnvelope(envelope) &&
    areParts(parts, CONTENT)
  ),
  "list.leave": fields(({ token }) => isText(token, TOKEN_CHARS_MAX)),
};

function isTarget(value: unknown): boolean {
  const target = fieldsOf(value);
  return target !== null && isText(target["list"], ADDRESS_CHARS_MAX) && isText(target["address"], ADDRESS_CHARS_MAX) &&
    ROLES.includes(target["role"]) && isBoolean(target["verp"]);
}
