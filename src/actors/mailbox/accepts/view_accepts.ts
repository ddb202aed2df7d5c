import { APPENDS_MAX } from "../../../mail/mailbox_ask.ts";
import { countStores, STORES_MAX, type StoresAlike } from "../../../mail/store_wish.ts";
import type { OrderKey } from "../../../mail/mailbox_view.ts";
import { SPECIAL_USES } from "../../../mail/mailbox_name.ts";
import { ALL_COLUMNS } from "../../../mail/row_columns.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import { WATCH_EVENTS, WATCH_FILTERS, WATCH_GROUPS_MAX, WATCH_NAMES_MAX } from "../../../mail/watch.ts";
import type { MailboxViewProtocol } from "../../../messages/mod.ts";
import { DEFAULT_LIMITS } from "../../../storage/limits.ts";
import { areParts } from "../../mail_shape.ts";
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
  isOptional,
  isQuota,
  isWhole,
} from "../../shape.ts";
import { isSearchProgram } from "./search_accepts.ts";
import { isMailboxName, sharedAccepts } from "./shared_accepts.ts";
import { areAnnotations } from "./annotation_accepts.ts";
import { areFlags, areStoresAlike, isMessageSet, isStoreWish, isUidPairs } from "./set_accepts.ts";

const ACCOUNT_CHARS_MAX = 64;
const OP_ID_CHARS_MAX = 255;
const SESSION_CHARS_MAX = 255;
/** Names of one STATUS; a session asks for few. */
const NAMES_MAX = 1_000;
/** First bytes of each message in an answer with rows. */
const HEAD_BYTES_MAX = 65_536;
/** Numbers and UIDs that a client says it saw together (RFC 7162 §3.2.5.2). */
const MATCHES_MAX = 10_000;

/** Characters of a tag; tags of one command. */
const TAG_CHARS_MAX = 128;
const TAGS_MAX = 1_000;
/** Criteria of one order, and the bytes of its UIDs: more results are not sorted. */
const ORDER_KEYS_MAX = 20;
const ORDER_BYTES_MAX = 4 * 1_000_000;
/** Batches of one answer. */
const BATCHES_MAX = 2_000;
/** Messages at the end of what fits that are counted: a command of more is no limit. */
const LAST_MAX = 100_000;

const { messageBytesMax, appendMessagesMax, mimeIndexBytesMax } = DEFAULT_LIMITS;
const CONTENT = { partsMax: 100_000, bytesMax: messageBytesMax };

/** Whether requests of other workers have the form their types promise. */
export const viewAccepts: Accepts<MailboxViewProtocol> = {
  ...sharedAccepts,
  "mailbox.tree": fields((request) =>
    ofAccount(request) && isBoolean(request["status"]) && isOptional(request["recent"], isBoolean)
  ),
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
  "mailbox.statusOf": fields((request) =>
    ofAccount(request) && isListOf(request["names"], NAMES_MAX, isMailboxName) &&
    isOptional(request["recent"], isBoolean)
  ),
  "mailbox.deletedBytes": fields((request) => ofAccount(request) && isMailboxName(request["name"])),
  "mailbox.open": fields((request) => {
    const { name, readOnly, since, subscriber, session } = request;
    return ofAccount(request) && isMailboxName(name) && isBoolean(readOnly) && (since === null || isResync(since)) &&
      isActorAddress(subscriber) && isName(session, SESSION_CHARS_MAX) && isQuota(request);
  }),
  "mailbox.close": fields(ofView),
  "mailbox.watch": fields((request) => {
    const { groups, status, subscriber, session } = request;
    return ofAccount(request) && areWatchGroups(groups) && isBoolean(status) && isActorAddress(subscriber) &&
      isName(session, SESSION_CHARS_MAX);
  }),
  "mailbox.tidings": fields((request) => ofAccount(request) && isCount(request["watch"])),
  "mailbox.news": fields((request) => ofView(request) && isBoolean(request["expunges"])),
  "mailbox.rows": fields((request) => {
    const { set, after, index, changedSince, vanished, headBytes, annotations } = request;
    return ofView(request) && isMessageSet(set) && isWhole(after, 0, UID_MAX) && isBoolean(index) &&
      (annotations === undefined || isBoolean(annotations)) &&
      (changedSince === null || isCount(changedSince)) && isBoolean(vanished) &&
      (headBytes === undefined || isWhole(headBytes, 0, HEAD_BYTES_MAX));
  }),
  "mailbox.page": fields((request) => {
    const { set, after, index, changedSince, vanished, headBytes, header, annotations, form } = request;
    return ofView(request) && isMessageSet(set) && isWhole(after, 0, UID_MAX) && INDEXES.has(index) &&
      (form === undefined || form === ALL_COLUMNS ||
        (isWhole(form, 0, ALL_COLUMNS) && index === "none" && headBytes === 0)) &&
      (annotations === undefined || isBoolean(annotations)) && (header === undefined || isBoolean(header)) &&
      (changedSince === null || isCount(changedSince)) && isBoolean(vanished) && isWhole(headBytes, 0, HEAD_BYTES_MAX);
  }),
  "mailbox.batches": fields((request) => {
    const { size, first, last } = request;
    return ofView(request) && isWhole(size, 1, UID_MAX) && isWhole(first, 1, UID_MAX) &&
      isWhole(last, first as number, first as number + BATCHES_MAX - 1);
  }),
  "mailbox.lastOf": fields((request) => {
    const { program, count, changedSince } = request;
    return ofView(request) && isSearchProgram(program) && isWhole(count, 1, LAST_MAX) &&
      isOptional(changedSince, isCount);
  }),
  "mailbox.read": fields((request) => {
    const { uid, offset, length } = request;
    return ofView(request) && isWhole(uid, 1, UID_MAX) && isCount(offset) && isCount(length);
  }),
  "mailbox.store": fields((request) => ofView(request) && isStoreWish(request) && isNewsIfAny(request["news"])),
  "mailbox.storeEach": fields((request) => {
    const { stores, news } = request;
    return ofView(request) && isListOf(stores, STORES_MAX, areStoresAlike) &&
      countStores(stores as StoresAlike[]) <= STORES_MAX && isNewsIfAny(news);
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
    const { set, to, move, quotaBytes, quotaMessages, messagesMax } = request;
    return ofView(request) && isMessageSet(set) && isMailboxName(to) && isBoolean(move) &&
      (messagesMax === undefined || isWhole(messagesMax, 1, UID_MAX)) &&
      (quotaBytes === undefined ? quotaMessages === undefined : isQuota(request));
  }),
  "mailbox.append": fields((request) => {
    const { opId, replaces, news } = request;
    return ofAccount(request) && (opId === undefined || isName(opId, OP_ID_CHARS_MAX)) && isQuota(request) &&
      isAppendWish(request) &&
      (replaces === undefined || isReplaced(replaces)) && (news === undefined || isNewsOfView(news));
  }),
  "mailbox.appendEach": fields((request) => {
    const { appends, news } = request;
    return ofAccount(request) && isQuota(request) && isListOf(appends, APPENDS_MAX, isAppendWish) &&
      (news === undefined || isNewsOfView(news));
  }),
  "mailbox.search": fields((request) =>
    ofView(request) && isSearchProgram(request["program"]) && SAVES.has(request["save"]) &&
    isBoolean(request["modSeq"]) && (request["relevancy"] === undefined || isBoolean(request["relevancy"])) &&
    (request["update"] === undefined || isUpdate(request["update"]))
  ),
  "mailbox.keepOrder": fields((request) => {
    const { tag, keys, uids } = request;
    return ofView(request) && isTag(tag) && isListOf(keys, ORDER_KEYS_MAX, isOrderKey) && uids instanceof Uint8Array &&
      uids.length % 4 === 0 && uids.length <= ORDER_BYTES_MAX;
  }),
  "mailbox.cancelUpdates": fields((request) => ofView(request) && isListOf(request["tags"], TAGS_MAX, isTag)),
};

const FILTERS: ReadonlySet<unknown> = new Set(WATCH_FILTERS);
const EVENTS: ReadonlySet<unknown> = new Set(WATCH_EVENTS);
const ORDERS: ReadonlySet<unknown> = new Set(
  [
    "arrival",
    "cc",
    "date",
    "from",
    "size",
    "subject",
    "to",
    "displayFrom",
    "displayTo",
  ] satisfies OrderKey["key"][],
);
const USES: ReadonlySet<unknown> = new Set(SPECIAL_USES);
const INDEXES: ReadonlySet<unknown> = new Set([
  "none",
  "all",
  "lacking",
  "listed",
  "envelope",
  "body",
  "bodyStructure",
]);
const SAVES: ReadonlySet<unknown> = new Set(["none", "all", "min", "max", "minMax"]);

function ofAccount({ account, by }: Fields): boolean {
  return isName(account, ACCOUNT_CHARS_MAX) && (by === undefined || isCount(by));
}

/** Groups of a watch, with as many names as it may have. */
function areWatchGroups(value: unknown): boolean {
  let names = 0;
  return isListOf(value, WATCH_GROUPS_MAX, (item) => {
    const group = fieldsOf(item);
    if (group === null || !FILTERS.has(group["filter"]) || !isListOf(group["names"], WATCH_NAMES_MAX, isMailboxName)) {
      return false;
    }
    names += (group["names"] as readonly unknown[]).length;
    return names <= WATCH_NAMES_MAX && isListOf(group["events"], WATCH_EVENTS.length, (event) => EVENTS.has(event));
  });
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

function isTag(value: unknown): boolean {
  return isName(value, TAG_CHARS_MAX);
}

/** Which changes of results are to be told. */
function isNewsIfAny(value: unknown): boolean {
  return value === undefined || isNewsWanted(value);
}

function isNewsWanted(value: unknown): boolean {
  const wanted = fieldsOf(value);
  return wanted !== null && isBoolean(wanted["expunges"]);
}

function isNewsOfView(value: unknown): boolean {
  return isNewsWanted(value) && isCount(fieldsOf(value)?.["view"]);
}

function isUpdate(value: unknown): boolean {
  const update = fieldsOf(value);
  return update !== null && isTag(update["tag"]) && isBoolean(update["uid"]) && isBoolean(update["sorted"]);
}

function isOrderKey(value: unknown): boolean {
  const order = fieldsOf(value);
  return order !== null && ORDERS.has(order["key"]) && isBoolean(order["reverse"]);
}

function isUid(value: unknown): boolean {
  return isWhole(value, 1, UID_MAX);
}

function isReplaced(value: unknown): boolean {
  const replaced = fieldsOf(value);
  return replaced !== null && isCount(replaced["view"]) && isUid(replaced["uid"]);
}

function isAppendWish(value: unknown): boolean {
  const wish = fieldsOf(value);
  return wish !== null && isMailboxName(wish["name"]) && isListOf(wish["messages"], appendMessagesMax, isAppended);
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
