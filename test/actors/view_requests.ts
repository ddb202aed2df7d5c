import { PROGRAM_DEPTH_MAX, PROGRAM_NODES_MAX } from "../../src/actors/mailbox/search/mod.ts";
import { ALL_COLUMNS, RowColumn } from "../../src/mail/row_columns.ts";

const VIEW = { account: "a1", view: 7 };
const SET = { by: "uid", pairs: [1, 0, 5, 5] };
const STORE = { by: "uid", sets: [[3, 4]], how: "replace", flags: 0, keywords: [], unchangedSince: 5 };
const ADDRESS = { node: "local", worker: "listener-0", actor: "imap" };
function ofMessage(bytes: number) {
  return { entry: "/comment", scope: "shared", value: new Uint8Array(bytes) };
}

const MESSAGE = {
  parts: [new Uint8Array(3)],
  index: new Uint8Array(2),
  internalDateMs: 5,
  flags: 1,
  keywords: ["$Forwarded"],
};

const APPEND = { name: "Notes", messages: [] };

const saved = (from: number) => ({ type: "set", set: { by: "saved", from } });

/** Each kind of key once. */
const PROGRAM = {
  type: "and",
  of: [
    { type: "or", of: [{ type: "all" }, { type: "not", of: { type: "recent" } }] },
    { type: "set", set: { by: "sequence", pairs: [1, 2] } },
    { type: "set", set: { by: "saved" } },
    { type: "flags", flags: 3 },
    { type: "keyword", keyword: "$Forwarded" },
    { type: "size", than: "larger", bytes: 10 },
    { type: "date", of: "sent", than: "since", dayMs: 86_400_000 },
    { type: "age", than: "older", seconds: 60 },
    { type: "modSeq", atLeast: 4 },
    { type: "objectId", of: "email", id: "M1" },
    { type: "saveDateSupported" },
    { type: "header", field: "subject", text: "" },
    { type: "body", text: "grüße" },
    { type: "text", text: "x" },
    { type: "fuzzy", of: { type: "text", text: "x" } },
  ],
};

const EXCERPT = { name: "Notes", uidValidity: 7, uid: 1, offset: 0, length: 10, index: true };

/** For each question about views one as it should be, with every field there can be. */
export const VIEW_REQUESTS: Readonly<Record<string, unknown>> = {
  "mailbox.tree": { account: "a1", status: true, recent: true },
  "mailbox.create": { account: "a1", name: "Müll/1", specialUse: "junk" },
  "mailbox.remove": { account: "a1", name: "Notes" },
  "mailbox.rename": { account: "a1", from: "INBOX", to: "Old" },
  "mailbox.subscription": { account: "a1", name: "Notes", subscribed: false },
  "mailbox.statusOf": { account: "a1", names: ["INBOX", "Notes"], recent: true },
  "mailbox.open": {
    account: "a1",
    name: "INBOX",
    readOnly: false,
    since: { uidValidity: 1, modSeq: 2, known: [1, 5], match: { sequence: [1], uids: [3] } },
    subscriber: ADDRESS,
    session: "s1",
    quotaBytes: 0,
    quotaMessages: 7,
  },
  "mailbox.close": VIEW,
  "mailbox.watch": {
    account: "a1",
    groups: [{ filter: "subtree", names: ["Lists", "Other Users/b@c.test"], events: ["messages", "names"] }],
    status: true,
    subscriber: ADDRESS,
    session: "s1",
  },
  "mailbox.tidings": { account: "a1", watch: 7 },
  "mailbox.news": { ...VIEW, expunges: true },
  "mailbox.rows": { ...VIEW, set: SET, after: 0, index: true, changedSince: 4, vanished: true, headBytes: 9 },
  "mailbox.page": { ...VIEW, set: SET, after: 0, changedSince: 4, vanished: true, index: "envelope", headBytes: 9 },
  "mailbox.batches": { ...VIEW, size: 500, first: 2, last: 3 },
  "mailbox.lastOf": { ...VIEW, program: { type: "set", set: { by: "saved", from: 3 } }, count: 1_000, changedSince: 4 },
  "mailbox.read": { ...VIEW, uid: 1, offset: 0, length: 10 },
  "mailbox.annotate": {
    ...{ ...VIEW, set: SET, unchangedSince: 3 },
    changes: [{ entry: "/comment", scope: "priv", value: new Uint8Array(3) }],
  },
  "mailbox.store": {
    ...{ ...VIEW, set: SET, how: "add", flags: 1, keywords: ["a"], unchangedSince: 3 },
    ...{ silent: true, news: { expunges: true } },
  },
  "mailbox.storeEach": {
    ...{ ...VIEW, news: { expunges: false } },
    stores: [{ ...STORE, how: "add", flags: 1, keywords: ["a"], silent: true }, STORE],
  },
  "mailbox.expungeDeleted": { ...VIEW, set: SET },
  "mailbox.copy": { ...VIEW, set: SET, to: "Notes", move: true, quotaBytes: 5, quotaMessages: 7 },
  "mailbox.deletedBytes": { account: "a1", name: "Notes" },
  "mailbox.append": {
    account: "a1",
    name: "Notes",
    quotaBytes: 5,
    quotaMessages: 7,
    messages: [MESSAGE],
    news: { view: 7, expunges: true },
  },
  "mailbox.appendEach": {
    ...{ account: "a1", quotaBytes: 5, quotaMessages: 7 },
    appends: [{ name: "Notes", messages: [MESSAGE] }],
    news: { view: 7, expunges: true },
  },
  "mailbox.search": {
    ...VIEW,
    program: PROGRAM,
    save: "minMax",
    modSeq: true,
    relevancy: true,
    update: { tag: "a1", uid: true, sorted: false },
  },
  "mailbox.keepOrder": { ...VIEW, tag: "a1", keys: [{ key: "displayTo", reverse: true }], uids: new Uint8Array(8) },
  "mailbox.cancelUpdates": { ...VIEW, tags: ["a1", "b2"] },
  "mailbox.acl": { account: "a1", name: "Other Users/b@c.test/Notes" },
  "mailbox.setAcl": {
    account: "a1",
    name: "Notes",
    identifier: "-b@c.test",
    how: "add",
    rights: "lrs",
    address: "a@c.test",
    grantee: { id: "b1", address: "b@c.test" },
  },
  "mailbox.metadata": { account: "a1", names: ["", "Notes"], entries: ["/shared"], depth: "infinity" },
  "mailbox.setMetadata": {
    account: "a1",
    name: "Notes",
    values: [{ entry: "/private/comment", value: new Uint8Array(3) }],
  },
  "mailbox.readNamed": { account: "a1", ...EXCERPT },
  "mailbox.readAuthorized": {
    ...{ account: "a1", ...EXCERPT, user: "b@c.test", owner: "b1", rump: "imap://b@c/x", token: "01ab", expiresMs: 7 },
  },
  "mailbox.urlToken": { account: "a1", name: "Notes", uidValidity: 7, rump: "imap://b@c/x" },
  "mailbox.resetKey": { account: "a1", name: "Notes" },
};

/** Fields that may be null: all, nothing, or not known. */
export const VIEW_NULLABLE =
  /^mailbox\.(create\.specialUse|open\.since|(rows|page)\.changedSince|(store|storeEach\.stores\[\]|annotate)\.unchangedSince|annotate\.changes\[\]\.value|expungeDeleted\.set|setAcl\.grantee|setMetadata\.values\[\]\.value|readAuthorized\.(owner|expiresMs)|resetKey\.name|(readNamed|readAuthorized|urlToken)\.uidValidity)$|\.(known|match|index|internalDateMs)$/;
/** Times may lie before 1970. */
export const VIEW_SIGNED = /\.(dayMs|internalDateMs|expiresMs)$/;

const ORDER = { key: "date", reverse: false };

function nested(depth: number): unknown {
  let program: unknown = { type: "all" };
  for (let i = 1; i < depth; i++) program = { type: "not", of: program };
  return program;
}
function wide(keys: number): unknown {
  return { type: "or", of: new Array(keys - 1).fill({ type: "all" }) };
}
function pairs(numbers: number, number = 1): unknown {
  return { by: "uid", pairs: new Array(numbers).fill(number) };
}
function watched(filter: string, names: number, events: readonly string[] = ["messages"]): unknown {
  return [{ filter, names: new Array(names).fill("a"), events }];
}
function header(field: string, text: string): unknown {
  return { type: "header", field, text };
}

/** One field at its limit and one beyond. */
export const VIEW_LIMITS: readonly (readonly [type: string, field: string, most: unknown, tooMuch: unknown])[] = [
  ["mailbox.search", "program", nested(PROGRAM_DEPTH_MAX), nested(PROGRAM_DEPTH_MAX + 1)],
  ["mailbox.search", "program", nested(2), nested(100_000)],
  ["mailbox.search", "program", wide(PROGRAM_NODES_MAX), wide(PROGRAM_NODES_MAX + 1)],
  ["mailbox.search", "program", header("f".repeat(255), "x".repeat(10_000)), header("f", "x".repeat(10_001))],
  ["mailbox.search", "program", header("f", "x"), header("f".repeat(256), "x")],
  ["mailbox.search", "program", { type: "all" }, { type: "toString" }],
  ["mailbox.search", "program", { type: "all" }, { type: "__proto__" }],
  ["mailbox.readAuthorized", "rump", "x".repeat(8_192), "x".repeat(8_193)],
  ["mailbox.readAuthorized", "token", "0".repeat(512), "0".repeat(513)],
  ["mailbox.readNamed", "length", 1_048_576, 1_048_577],
  ["mailbox.readNamed", "uidValidity", 1, 0],
  ["mailbox.urlToken", "rump", "x".repeat(8_192), "x".repeat(8_193)],
  ["mailbox.keepOrder", "uids", new Uint8Array(4_000_000), new Uint8Array(4_000_004)],
  ["mailbox.keepOrder", "uids", new Uint8Array(4), new Uint8Array(5)],
  ["mailbox.keepOrder", "keys", new Array(20).fill(ORDER), new Array(21).fill(ORDER)],
  ["mailbox.keepOrder", "tag", "x".repeat(128), "x".repeat(129)],
  ["mailbox.cancelUpdates", "tags", new Array(1_000).fill("a"), new Array(1_001).fill("a")],
  ["mailbox.rows", "set", pairs(20_000), pairs(20_002)],
  ["mailbox.rows", "set", pairs(2, 0xffff_ffff), pairs(2, 0x1_0000_0000)],
  ["mailbox.rows", "set", pairs(2), pairs(3)],
  ["mailbox.rows", "after", 0xffff_ffff, 0x1_0000_0000],
  ["mailbox.page", "set", pairs(20_000), pairs(20_002)],
  ["mailbox.page", "after", 0xffff_ffff, 0x1_0000_0000],
  ["mailbox.page", "index", "all", "facts"],
  ["mailbox.page", "form", ALL_COLUMNS, ALL_COLUMNS + 1],
  // Some columns alone go without what lies behind the rows.
  ["mailbox.page", "form", undefined, RowColumn.size],
  ["mailbox.page", "headBytes", 65_536, 65_537],
  ["mailbox.read", "uid", 1, 0],
  ["mailbox.batches", "size", 1, 0],
  ["mailbox.lastOf", "count", 1, 0],
  ["mailbox.lastOf", "count", 100_000, 100_001],
  ["mailbox.lastOf", "program", saved(1), saved(0)],
  ["mailbox.lastOf", "program", saved(0xffff_ffff), saved(0x1_0000_0000)],
  ["mailbox.batches", "last", 2_001, 2_002],
  ["mailbox.batches", "last", 2, 1],
  ["mailbox.watch", "groups", watched("mailboxes", 1_000), watched("mailboxes", 1_001)],
  [
    "mailbox.watch",
    "groups",
    [watched("subtree", 600), watched("subtree", 400)].flat(),
    [
      watched("subtree", 600),
      watched("subtree", 401),
    ].flat(),
  ],
  ["mailbox.watch", "groups", watched("inboxes", 0), watched("selected", 0)],
  ["mailbox.watch", "groups", watched("personal", 0, []), watched("personal", 0, ["messages", "MessageNew"])],
  [
    "mailbox.watch",
    "groups",
    new Array(1_000).fill(watched("personal", 0)).flat(),
    new Array(1_001)
      .fill(watched("personal", 0)).flat(),
  ],
  ["mailbox.create", "by", 5, -1],
  ["mailbox.store", "keywords", new Array(255).fill("a"), new Array(256).fill("a")],
  ["mailbox.store", "keywords", ["x".repeat(255)], ["x".repeat(256)]],
  ["mailbox.store", "keywords", ["a"], ["a b"]],
  ["mailbox.page", "header", true, 1],
  ["mailbox.page", "index", "listed", "listing"],
  ["mailbox.page", "annotations", true, 1],
  ["mailbox.rows", "annotations", false, "no"],
  ["mailbox.annotate", "changes", [ofMessage(4_096)], [ofMessage(4_097)]],
  ["mailbox.annotate", "changes", [{ ...ofMessage(1), value: null }], [{ ...ofMessage(1), scope: "private" }]],
  ["mailbox.annotate", "changes", new Array(1_000).fill(ofMessage(0)), new Array(1_001).fill(ofMessage(0))],
  ["mailbox.annotate", "changes", [{ ...ofMessage(0), entry: "x".repeat(200) }], [{
    ...ofMessage(0),
    entry: "x".repeat(201),
  }]],
  ["mailbox.append", "messages", [{ ...MESSAGE, annotations: [ofMessage(1)] }], [{
    ...MESSAGE,
    annotations: [{ ...ofMessage(1), value: null }],
  }]],
  ["mailbox.append", "messages", [{ ...MESSAGE, annotations: new Array(32).fill(ofMessage(1)) }], [{
    ...MESSAGE,
    annotations: new Array(33).fill(ofMessage(1)),
  }]],
  ["mailbox.store", "flags", 31, 32],
  ["mailbox.store", "how", "replace", "other"],
  ["mailbox.store", "silent", false, 1],
  ["mailbox.storeEach", "stores", new Array(100).fill(STORE), new Array(101).fill(STORE)],
  ["mailbox.storeEach", "stores", [{ ...STORE, sets: new Array(100).fill([1, 1]) }], [STORE, {
    ...STORE,
    sets: new Array(100).fill([1, 1]),
  }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, how: "remove" }], [STORE, { ...STORE, how: "other" }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, keywords: ["b"] }], [{ ...STORE, keywords: ["a b"] }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, unchangedSince: 0 }], [{ ...STORE, unchangedSince: -1 }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, by: "sequence" }], [{ ...STORE, by: "saved" }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, sets: [[1, 5]] }], [{ ...STORE, sets: [[1, 5, 6]] }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, sets: [[1, 5]] }], [{ ...STORE, sets: [[1, 0]] }]],
  ["mailbox.storeEach", "stores", [{ ...STORE, sets: [[500, 1, 501, 1_000]] }], [{
    ...STORE,
    sets: [[501, 1, 501, 1_000]],
  }]],
  ["mailbox.storeEach", "news", undefined, { expunges: 1 }],
  ["mailbox.store", "news", { expunges: false }, { expunges: 1 }],
  ["mailbox.create", "name", "INBOX", "inbox"],
  ["mailbox.create", "name", "a/b", "a//b"],
  ["mailbox.create", "name", "x".repeat(400), "x".repeat(401)],
  ["mailbox.create", "specialUse", "all", "other"],
  ["mailbox.statusOf", "names", new Array(1_000).fill("a"), new Array(1_001).fill("a")],
  ["mailbox.append", "messages", new Array(1_000).fill(MESSAGE), new Array(1_001).fill(MESSAGE)],
  ["mailbox.append", "replaces", { view: 1, uid: 4_294_967_295 }, { view: 1, uid: 0 }],
  ["mailbox.append", "replaces", { view: 0, uid: 1 }, { uid: 1 }],
  ["mailbox.append", "news", { view: 0, expunges: false }, { expunges: false }],
  ["mailbox.append", "news", undefined, { view: 1, expunges: 1 }],
  ["mailbox.appendEach", "news", { view: 0, expunges: false }, { view: 1 }],
  ["mailbox.appendEach", "appends", new Array(100).fill(APPEND), new Array(101).fill(APPEND)],
  ["mailbox.appendEach", "appends", [{ ...APPEND, messages: [MESSAGE] }], [{ ...APPEND, messages: [1] }]],
  ["mailbox.appendEach", "appends", [{ ...APPEND, name: "a/b" }], [{ ...APPEND, name: "a//b" }]],
  ["mailbox.append", "opId", "x".repeat(255), "x".repeat(256)],
  ["mailbox.copy", "quotaBytes", 5, -1],
  ["mailbox.copy", "messagesMax", 1, 0],
  ["mailbox.setAcl", "rights", "lrswipkxtea", "lrd"],
  ["mailbox.setAcl", "rights", "lr", "rl"],
  ["mailbox.setAcl", "identifier", "x".repeat(255), "x".repeat(256)],
  ["mailbox.setAcl", "identifier", "anyone", ""],
  ["mailbox.setAcl", "how", "replace", "other"],
  ["mailbox.metadata", "names", new Array(16).fill(""), new Array(17).fill("")],
  ["mailbox.metadata", "entries", ["/shared"], ["/other"]],
  ["mailbox.metadata", "entries", ["/shared/x"], ["/shared/X"]],
  ["mailbox.metadata", "depth", "1", "2"],
  ["mailbox.setMetadata", "values", annotation(32_768), annotation(32_769)],
  ["mailbox.open", "session", "x".repeat(255), "x".repeat(256)],
  ["mailbox.open", "since", resync(10_000), resync(10_001)],
];

function annotation(bytes: number): unknown {
  return [{ entry: `/shared/${"x".repeat(247)}`, value: new Uint8Array(bytes) }];
}

function resync(matches: number): unknown {
  const many = new Array(matches).fill(1);
  return { uidValidity: 1, modSeq: 1, known: null, match: { sequence: many, uids: many } };
}
