import { SPECIAL_USES } from "../../mail/mailbox_name.ts";
import { UID_MAX } from "../../mail/uid.ts";
import type { MailboxViewProtocol } from "../../messages/mod.ts";
import { DEFAULT_LIMITS } from "../../storage/limits.ts";
import { areParts } from "../mail_shape.ts";
import {
  type Accepts,
  type Fields,
  fields,
  fieldsOf,
  isActorAddress,
  isBoolean,
  isCount,
  isListOf,
  isName,
  isWhole,
} from "../shape.ts";
import { isSearchProgram } from "./search_accepts.ts";
import { isMailboxName, sharedAccepts } from "./shared_accepts.ts";
import { areAnnotations } from "./annotation_accepts.ts";
import { areFlags, isMessageSet, isUidPairs } from "./set_accepts.ts";

const ACCOUNT_CHARS_MAX = 64;
const OP_ID_CHARS_MAX = 255;
const SESSION_CHARS_MAX = 255;
/** Names of one STATUS; a session asks for few. */
const NAMES_MAX = 1_000;
/** First bytes of each message in an answer with rows. */
const HEAD_BYTES_MAX = 65_536;
/** Numbers and UIDs that a client says it saw together (RFC 7162 §3.2.5.2). */
const MATCHES_MAX = 10_000;

const { messageBytesMax, appendMessagesMax, mimeIndexBytesMax } = DEFAULT_LIMITS;
const CONTENT = { partsMax: 100_000, bytesMax: messageBytesMax };

/** Whether requests of other workers have the form their types promise. */
export const viewAccepts: Accepts<MailboxViewProtocol> = {
  ...sharedAccepts,
  "mailbox.tree": fields((request) => ofAccount(request) && isBoolean(request["status"])),
  "mailbox.create": fields((request) => {
    const { name, specialUse } = request;
    return ofAccount(request) && isMailboxName(name) && (specialUse === null || USES.has(specialUse));
  }),
  "mailbox.remove": fields((request) => ofAccount(request) && isMailboxName(request["name"])),
  "mailbox.rename": fields((request) =>
    ofAccount(request) && isMailboxName(request["from"]) && isMailboxName(request["to"])
  ),
  "mailbox.subscription": fields((request) =>
    ofAccount(request) && isMailboxName(request["name"]) && isBoolean(request["subscribed"])
  ),
  "mailbox.statusOf": fields((request) => ofAccount(request) && isListOf(request["names"], NAMES_MAX, isMailboxName)),
  "mailbox.open": fields((request) => {
    const { name, readOnly, since, subscriber, session, quotaBytes, annotate } = request;
    return ofAccount(request) && isMailboxName(name) && isBoolean(readOnly) && (since === null || isResync(since)) &&
      isActorAddress(subscriber) && isName(session, SESSION_CHARS_MAX) && isCount(quotaBytes) &&
      (annotate === undefined || isBoolean(annotate));
  }),
  "mailbox.close": fields(ofView),
  "mailbox.news": fields((request) => ofView(request) && isBoolean(request["expunges"])),
  "mailbox.rows": fields((request) => {
    const { set, after, index, changedSince, vanished, headBytes, annotations } = request;
    return ofView(request) && isMessageSet(set) && isWhole(after, 0, UID_MAX) && isBoolean(index) &&
      (annotations === undefined || isBoolean(annotations)) &&
      (changedSince === null || isCount(changedSince)) && isBoolean(vanished) &&
      (headBytes === undefined || isWhole(headBytes, 0, HEAD_BYTES_MAX));
  }),
  "mailbox.page": fields((request) => {
    const { set, after, index, changedSince, vanished, headBytes, annotations } = request;
    return ofView(request) && isMessageSet(set) && isWhole(after, 0, UID_MAX) && INDEXES.has(index) &&
      (annotations === undefined || isBoolean(annotations)) &&
      (changedSince === null || isCount(changedSince)) && isBoolean(vanished) && isWhole(headBytes, 0, HEAD_BYTES_MAX);
  }),
  "mailbox.read": fields((request) => {
    const { uid, offset, length } = request;
    return ofView(request) && isWhole(uid, 1, UID_MAX) && isCount(offset) && isCount(length);
  }),
  "mailbox.store": fields((request) => {
    const { set, how, unchangedSince } = request;
    return ofView(request) && isMessageSet(set) && areFlags(request) && HOWS.has(how) &&
      (unchangedSince === null || isCount(unchangedSince));
  }),
  "mailbox.annotate": fields((request) => {
    const { set, changes, unchangedSince } = request;
    return ofView(request) && isMessageSet(set) && areAnnotations(changes, true) &&
      (unchangedSince === null || isCount(unchangedSince));
  }),
  "mailbox.expungeDeleted": fields((request) =>
    ofView(request) && (request["set"] === null || isMessageSet(request["set"]))
  ),
  "mailbox.copy": fields((request) => {
    const { set, to, move, quotaBytes } = request;
    return ofView(request) && isMessageSet(set) && isMailboxName(to) && isBoolean(move) &&
      (quotaBytes === undefined || isCount(quotaBytes));
  }),
  "mailbox.append": fields((request) => {
    const { opId, name, quotaBytes, messages, replaces } = request;
    return ofAccount(request) && isName(opId, OP_ID_CHARS_MAX) && isMailboxName(name) && isCount(quotaBytes) &&
      isListOf(messages, appendMessagesMax, isAppended) && (replaces === undefined || isReplaced(replaces));
  }),
  "mailbox.search": fields((request) =>
    ofView(request) && isSearchProgram(request["program"]) && SAVES.has(request["save"]) && isBoolean(request["modSeq"])
  ),
};

const USES: ReadonlySet<unknown> = new Set(SPECIAL_USES);
const INDEXES: ReadonlySet<unknown> = new Set(["none", "all", "envelope", "body", "bodyStructure"]);
const HOWS: ReadonlySet<unknown> = new Set(["add", "remove", "replace"]);
const SAVES: ReadonlySet<unknown> = new Set(["none", "all", "min", "max", "minMax"]);

function ofAccount({ account }: Fields): boolean {
  return isName(account, ACCOUNT_CHARS_MAX);
}

function ofView(request: Fields): boolean {
  return ofAccount(request) && isCount(request["view"]);
}

function isResync(value: unknown): boolean {
  const since = fieldsOf(value);
  if (since === null) return false;
  const { uidValidity, modSeq, known, match } = since;
  return isCount(uidValidity) && isCount(modSeq) && (known === null || isUidPairs(known)) &&
    (match === null || isMatch(match));
}

function isMatch(value: unknown): boolean {
  const match = fieldsOf(value);
  if (match === null) return false;
  const { sequence, uids } = match;
  return isListOf(sequence, MATCHES_MAX, isUid) && isListOf(uids, MATCHES_MAX, isUid) &&
    (sequence as unknown[]).length === (uids as unknown[]).length;
}

function isUid(value: unknown): boolean {
  return isWhole(value, 1, UID_MAX);
}

function isReplaced(value: unknown): boolean {
  const replaced = fieldsOf(value);
  return replaced !== null && isCount(replaced["view"]) && isUid(replaced["uid"]);
}

function isAppended(value: unknown): boolean {
  const message = fieldsOf(value);
  if (message === null) return false;
  const { parts, index, internalDateMs, annotations } = message;
  return areFlags(message) && areParts(parts, CONTENT) && (index === null || isIndex(index)) &&
    (internalDateMs === null || Number.isSafeInteger(internalDateMs)) &&
    (annotations === undefined || areAnnotations(annotations, false));
}

/** A MIME index, opaque here. */
export function isIndex(value: unknown): boolean {
  return value instanceof Uint8Array && value.length <= mimeIndexBytesMax;
}
