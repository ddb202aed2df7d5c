import { UID_MAX } from "../../../mail/uid.ts";
import type { MailboxProtocol } from "../../../messages/mod.ts";
import { DEFAULT_LIMITS } from "../../../storage/limits.ts";
import { areParts } from "../../mail_shape.ts";
import {
  type Accepts,
  type Fields,
  fields,
  fieldsOf,
  isActorAddress,
  isCount,
  isName,
  isQuota,
  isWhole,
} from "../../shape.ts";
import { isIndex, viewAccepts } from "./view_accepts.ts";

/** Characters of an account id, and of an opId: both become keys of the index. */
const ACCOUNT_CHARS_MAX = 64;
const OP_ID_CHARS_MAX = 255;
/** Characters of a session's name. */
const SESSION_CHARS_MAX = 255;
/** All five system flags. */
const FLAGS_MAX = 31;
const MAILBOX_MAX = 0xffff_ffff;

const { targetsMax, messageBytesMax, listRowsMax, uidsMax } = DEFAULT_LIMITS;
/** Pieces of one message are of 4 KiB and more, but for a few. */
const CONTENT = { partsMax: 100_000, bytesMax: messageBytesMax };

/** Whether requests of other workers have the form their types promise. On the way of every mail: no closures, no copies. */
export const mailboxAccepts: Accepts<MailboxProtocol> = {
  ...viewAccepts,
  "mailbox.deliver": fields(({ opId, targets, parts, index, flags, mailbox }) =>
    isName(opId, OP_ID_CHARS_MAX) && areTargets(targets) && areParts(parts, CONTENT) &&
    (index === undefined || index === null || isIndex(index)) && (flags === undefined || isFlags(flags)) &&
    (mailbox === undefined || isMailbox(mailbox))
  ),
  "mailbox.withdraw": fields(({ opId }) => isName(opId, OP_ID_CHARS_MAX)),
  "mailbox.room": fields(({ target, size }) => isTarget(target) && isCount(size)),
  "mailbox.status": fields(inMailbox),
  "mailbox.list": fields((request) =>
    inMailbox(request) && isWhole(request["after"], 0, UID_MAX) && isWhole(request["limit"], 1, listRowsMax)
  ),
  "mailbox.fetch": fields((request) =>
    inMailbox(request) && isUid(request["uid"]) && isCount(request["offset"]) && isCount(request["length"])
  ),
  "mailbox.expunge": fields((request) => inMailbox(request) && areUids(request["uids"])),
  "mailbox.lock": fields(({ account, owner, session, delayMs }) =>
    isAccount(account) && isActorAddress(owner) && isName(session, SESSION_CHARS_MAX) && isCount(delayMs)
  ),
  "mailbox.unlock": fields(({ account, session }) => isAccount(account) && isName(session, SESSION_CHARS_MAX)),
  "mailbox.usage": fields(({ account }) => isAccount(account)),
  "mailbox.purge": fields(({ account }) => isAccount(account)),
};

function isAccount(value: unknown): boolean {
  return isName(value, ACCOUNT_CHARS_MAX);
}

function isMailbox(value: unknown): boolean {
  return isWhole(value, 1, MAILBOX_MAX);
}

function isFlags(value: unknown): boolean {
  return isWhole(value, 0, FLAGS_MAX);
}

function isUid(value: unknown): boolean {
  return isWhole(value, 1, UID_MAX);
}

function inMailbox(request: Fields): boolean {
  return isAccount(request["account"]) && isMailbox(request["mailbox"]);
}

function isTarget(value: unknown): boolean {
  const target = fieldsOf(value);
  return target !== null && isAccount(target["account"]) && isQuota(target);
}

function areTargets(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > targetsMax) return false;
  for (let i = 0; i < value.length; i++) if (!isTarget(value[i])) return false;
  return true;
}

function areUids(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > uidsMax) return false;
  for (let i = 0; i < value.length; i++) if (!isUid(value[i])) return false;
  return true;
}
