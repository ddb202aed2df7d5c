import { ANNOTATION_BYTES_MAX, scopeOf } from "../../../mail/annotation.ts";
import { MAILBOX_NAME_BYTES_MAX, type MailboxName, parseMailboxName } from "../../../mail/mailbox_name.ts";
import { parseRights } from "../../../mail/rights.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import type { MailboxViewProtocol } from "../../../messages/mod.ts";
import {
  type Accepts,
  type Fields,
  fields,
  fieldsOf,
  isBoolean,
  isCount,
  isListOf,
  isName,
  isText,
  isWhole,
} from "../../shape.ts";

const ACCOUNT_CHARS_MAX = 64;
/** Characters of an address, and of what may stand for one: it becomes part of a key. */
const IDENTIFIER_CHARS_MAX = 255;
/** Names whose annotations are asked for at once: each may have 256 KB. */
const NAMES_MAX = 16;
/** Annotations named in one command. */
const ENTRIES_MAX = 1_000;
/** Characters of the name of an annotation: it becomes part of a key. */
const ENTRY_CHARS_MAX = 255;
/** Characters of a URL. */
const URL_CHARS_MAX = 8_192;
/** Hexadecimal digits of a token. */
const TOKEN_CHARS_MAX = 512;
/** Bytes of one piece of a message. */
const EXCERPT_BYTES_MAX = 1_048_576;

type SharedProtocol = Pick<
  MailboxViewProtocol,
  | "mailbox.acl"
  | "mailbox.setAcl"
  | "mailbox.metadata"
  | "mailbox.setMetadata"
  | "mailbox.readNamed"
  | "mailbox.readAuthorized"
  | "mailbox.urlToken"
  | "mailbox.resetKey"
>;

/** Whether requests about rights and annotations have the form their types promise. */
export const sharedAccepts: Accepts<SharedProtocol> = {
  "mailbox.acl": fields(({ account, name }) => isAccount(account) && isMailboxName(name)),
  "mailbox.setAcl": fields(({ account, name, identifier, how, rights, address, grantee }) =>
    isAccount(account) && isMailboxName(name) && isIdentifier(identifier) && HOWS.has(how) && isRights(rights) &&
    isIdentifier(address) && (grantee === null || isGrantee(grantee))
  ),
  "mailbox.metadata": fields(({ account, names, entries, depth }) =>
    isAccount(account) && isListOf(names, NAMES_MAX, isAnnotated) && isListOf(entries, ENTRIES_MAX, isEntry) &&
    DEPTHS.has(depth)
  ),
  "mailbox.setMetadata": fields(({ account, name, values, by }) =>
    isAccount(account) && isAnnotated(name) && isListOf(values, ENTRIES_MAX, isValue) &&
    (by === undefined || isCount(by))
  ),
  "mailbox.readNamed": fields((request) => isAccount(request["account"]) && isExcerpt(request)),
  "mailbox.readAuthorized": fields((request) => {
    const { account, user, owner, rump, token, expiresMs } = request;
    return isAccount(account) && isExcerpt(request) && isText(user, URL_CHARS_MAX) &&
      (owner === null || isAccount(owner)) && isText(rump, URL_CHARS_MAX) && isName(token, TOKEN_CHARS_MAX) &&
      (expiresMs === null || Number.isSafeInteger(expiresMs));
  }),
  "mailbox.urlToken": fields(({ account, name, uidValidity, rump }) =>
    isAccount(account) && isMailboxName(name) && isUidValidity(uidValidity) && isText(rump, URL_CHARS_MAX)
  ),
  "mailbox.resetKey": fields(({ account, name }) => isAccount(account) && (name === null || isMailboxName(name))),
};

function isExcerpt({ name, uidValidity, uid, offset, length, index }: Fields): boolean {
  return isMailboxName(name) && isUidValidity(uidValidity) && isWhole(uid, 1, UID_MAX) && isCount(offset) &&
    isWhole(length, 0, EXCERPT_BYTES_MAX) && isBoolean(index);
}

function isUidValidity(value: unknown): boolean {
  return value === null || isWhole(value, 1, UID_MAX);
}

const HOWS: ReadonlySet<unknown> = new Set(["add", "remove", "replace"]);
const DEPTHS: ReadonlySet<unknown> = new Set(["0", "1", "infinity"]);

/** A name that nobody could have made but by parsing it. */
export function isMailboxName(value: unknown): value is MailboxName {
  return isText(value, MAILBOX_NAME_BYTES_MAX) && parseMailboxName(value) === value;
}

function isAccount(value: unknown): boolean {
  return isName(value, ACCOUNT_CHARS_MAX);
}

function isIdentifier(value: unknown): boolean {
  return isText(value, IDENTIFIER_CHARS_MAX) && value !== "";
}

function isRights(value: unknown): boolean {
  return isText(value, IDENTIFIER_CHARS_MAX) && parseRights(value) === value;
}

function isGrantee(value: unknown): boolean {
  const grantee = fieldsOf(value);
  return grantee !== null && isAccount(grantee["id"]) && isIdentifier(grantee["address"]);
}

function isAnnotated(value: unknown): boolean {
  return value === "" || isMailboxName(value);
}

/** In lower case, and either private or shared. */
function isEntry(value: unknown): boolean {
  return isText(value, ENTRY_CHARS_MAX) && value.toLowerCase() === value && scopeOf(value) !== null;
}

function isValue(annotation: unknown): boolean {
  const { entry, value } = fieldsOf(annotation) ?? {};
  return isEntry(entry) && (value === null || (value instanceof Uint8Array && value.length <= ANNOTATION_BYTES_MAX));
}
