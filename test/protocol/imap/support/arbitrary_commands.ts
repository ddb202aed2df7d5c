import fc from "fast-check";
import { Flag, parseMailboxName } from "../../../../src/mail/mod.ts";
import type { FetchItem, ImapCommand, SearchKey } from "../../../../src/protocol/imap/mod.ts";

/** Texts without NUL, well-formed. */
const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replaceAll("\0", "").toWellFormed());
const atom = fc.stringMatching(/^[A-Za-z$][A-Za-z0-9.$-]{0,8}$/).filter((text) => text.toUpperCase() !== "NIL");
const fieldName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/);
const number = fc.integer({ min: 1, max: 4294967295 });
const size = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const mailbox = fc.oneof(
  fc.constantFrom("INBOX", "Entwürfe", "a&b", 'a b/c"d\\', "日本語/台北", "nil"),
  text.filter((name) => parseMailboxName(name) !== null && !name.endsWith("/")),
).map((name) => parseMailboxName(name)!);

const pairs = fc.array(fc.tuple(fc.oneof(fc.constant(0), number), fc.oneof(fc.constant(0), number)), {
  minLength: 1,
  maxLength: 5,
}).map((list) => list.flat());
const saved = fc.constant({ by: "saved" } as const);
const set = (by: "uid" | "sequence") =>
  fc.oneof({ weight: 5, arbitrary: fc.record({ by: fc.constant(by), pairs }) }, saved);

const keywords = fc.uniqueArray(atom, { maxLength: 3, selector: (keyword) => keyword.toLowerCase() });
const messageFlags = fc.record({ flags: fc.nat({ max: 31 }), keywords });

const part = fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 4 });
const partial = fc.option(fc.record({ offset: size, length: fc.integer({ min: 1, max: 4294967295 }) }), { nil: null });
const section = fc.oneof(
  fc.record({
    part,
    text: fc.constantFrom("HEADER", "TEXT", null),
    fields: fc.constant([]),
  }),
  fc.record({
    part: part.filter((levels) => levels.length > 0),
    text: fc.constant("MIME" as const),
    fields: fc.constant([]),
  }),
  fc.record({
    part,
    text: fc.constantFrom("HEADER.FIELDS", "HEADER.FIELDS.NOT"),
    fields: fc.array(fieldName, { minLength: 1, maxLength: 4 }),
  }),
);

const entry = fc.oneof(
  fc.constantFrom("/comment", "/altsubject", "/1.2/flags/x(y", 'a"b', "/a b"),
  fc.stringMatching(/^\/[a-z{}()0-9]{1,8}$/),
).filter((name) => name[0] === "/" && !/^\/[0-9]/.test(name) && name !== "/flags");
const attribute = fc.constantFrom("value.priv", "value.shared", "size.priv", "size.shared");
const annotations = fc.array(
  fc.record({
    entry,
    scope: fc.constantFrom("priv", "shared"),
    value: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null }),
  }),
  { minLength: 1, maxLength: 3 },
);

const fetchItem: fc.Arbitrary<FetchItem> = fc.oneof(
  fc.record({
    item: fc.constantFrom(
      "ENVELOPE",
      "FLAGS",
      "INTERNALDATE",
      "RFC822.SIZE",
      "BODY",
      "BODYSTRUCTURE",
      "UID",
      "MODSEQ",
      "EMAILID",
      "THREADID",
      "SAVEDATE",
      "RFC822",
      "RFC822.HEADER",
      "RFC822.TEXT",
    ),
  }),
  fc.record({ item: fc.constant("PREVIEW" as const), lazy: fc.boolean() }),
  fc.record({ item: fc.constant("BODY[]" as const), section, peek: fc.boolean(), partial }),
  fc.record({ item: fc.constant("BINARY[]" as const), part, peek: fc.boolean(), partial }),
  fc.record({ item: fc.constant("BINARY.SIZE[]" as const), part }),
  fc.record({
    item: fc.constant("ANNOTATION" as const),
    entries: fc.array(fc.oneof(entry, fc.constantFrom("*", "/%", "/*/x")), { minLength: 1, maxLength: 3 }),
    attributes: fc.uniqueArray(attribute, { minLength: 1 }),
  }),
);

const dayMs = fc.integer({ min: -20_000, max: 60_000 }).map((days) => days * 86_400_000);
const { key: searchKey } = fc.letrec<{ key: SearchKey }>((tie) => ({
  key: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ key: fc.constantFrom("ALL", "RECENT", "NEW", "OLD", "SAVEDATESUPPORTED") }),
    fc.record({
      key: fc.constant("FLAG" as const),
      flags: fc.constantFrom(Flag.seen, Flag.answered, Flag.flagged, Flag.deleted, Flag.draft),
      set: fc.boolean(),
    }),
    fc.record({ key: fc.constant("KEYWORD" as const), keyword: atom, set: fc.boolean() }),
    fc.record({ key: fc.constant("HEADER" as const), field: fieldName, text }),
    fc.record({ key: fc.constantFrom("BODY", "TEXT"), text }),
    fc.record({
      key: fc.constant("DATE" as const),
      of: fc.constantFrom("internal", "sent", "saved"),
      than: fc.constantFrom("before", "on", "since"),
      dayMs,
    }),
    fc.record({ key: fc.constantFrom("LARGER", "SMALLER"), bytes: size }),
    fc.record({ key: fc.constantFrom("YOUNGER", "OLDER"), seconds: number }),
    fc.record({ key: fc.constant("MODSEQ" as const), atLeast: size }),
    fc.record({ key: fc.constantFrom("EMAILID", "THREADID"), id: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/) }),
    fc.record({ key: fc.constant("SET" as const), set: fc.oneof(set("uid"), set("sequence")) }),
    fc.record({ key: fc.constant("FILTER" as const), name: atom }),
    fc.record({
      key: fc.constant("ANNOTATION" as const),
      entry,
      scopes: fc.constantFrom(["priv"], ["shared"], ["priv", "shared"]),
      text: fc.option(text, { nil: null }),
    }),
    fc.record({ key: fc.constantFrom("NOT", "FUZZY"), of: tie("key") }),
    fc.record({ key: fc.constant("OR" as const), of: fc.tuple(tie("key"), tie("key")) }),
    fc.record({ key: fc.constant("AND" as const), of: fc.array(tie("key"), { minLength: 2, maxLength: 3 }) }),
  ) as fc.Arbitrary<SearchKey>,
}));

const literalBytes = fc.nat({ max: 30 });
const appendMessage = fc.record({
  flags: fc.nat({ max: 31 }),
  keywords,
  internalDateMs: fc.option(fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }).map((s) => s * 1_000), {
    nil: null,
  }),
  annotations: fc.option(annotations, { nil: undefined }),
}).map(({ annotations, ...head }) => annotations === undefined ? head : { ...head, annotations }).chain((head) =>
  fc.oneof(
    fc.record({ bytes: literalBytes, binary: fc.boolean() }).map((literal) => ({
      ...head,
      catenate: false,
      parts: [{ type: "literal" as const, ...literal, utf8: false }],
    })),
    literalBytes.map((bytes) => ({
      ...head,
      catenate: false,
      parts: [{ type: "literal" as const, bytes, binary: true, utf8: true }],
    })),
    fc.array(
      fc.oneof(
        text.map((url) => ({ type: "url" as const, url })),
        literalBytes.map((bytes) => ({ type: "literal" as const, bytes, binary: false, utf8: false })),
      ),
      { minLength: 1, maxLength: 4 },
    ).map((parts) => ({ ...head, catenate: true, parts })),
  )
);

const match = fc.option(
  fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 6 }).map((list) => {
    const sequence = list.sort((a, b) => a - b);
    return { sequence, uids: sequence.map((value) => value * 2) };
  }),
  { nil: null },
);
const knownPairs = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 4 }).map((list) => list.flat());

/** Commands that `writeCommand` writes, all their arguments sound. */
export const commands: fc.Arbitrary<ImapCommand> = fc.oneof(
  fc.record({ verb: fc.constantFrom("NOOP", "CAPABILITY", "IDLE", "CLOSE", "LOGOUT") }),
  fc.record({ verb: fc.constant("LOGIN" as const), user: text, password: text }),
  fc.record({
    verb: fc.constant("ID" as const),
    fields: fc.option(fc.array(fc.tuple(text, fc.option(text, { nil: null })), { maxLength: 4 }), { nil: null }),
  }),
  fc.record({
    verb: fc.constantFrom("SELECT", "EXAMINE"),
    mailbox,
    condstore: fc.boolean(),
    qresync: fc.option(
      fc.record({
        uidValidity: number,
        modSeq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        known: fc.option(knownPairs, { nil: null }),
        match,
      }),
      { nil: null },
    ),
  }),
  fc.record({
    verb: fc.constant("CREATE" as const),
    mailbox,
    specialUses: fc.uniqueArray(fc.constantFrom("all", "drafts", "junk"), { maxLength: 2 }),
  }),
  fc.record({
    verb: fc.constant("UIDBATCHES" as const),
    size: number,
    range: fc.option(fc.record({ first: number, last: number }), { nil: null }),
  }),
  fc.record({ verb: fc.constantFrom("DELETE", "GETACL", "GETQUOTAROOT"), mailbox }),
  fc.record({ verb: fc.constant("RENAME" as const), from: mailbox, to: mailbox }),
  fc.record({
    verb: fc.constant("STATUS" as const),
    mailbox,
    items: fc.uniqueArray(fc.constantFrom("MESSAGES", "UIDNEXT", "SIZE", "HIGHESTMODSEQ", "MAILBOXID"), {
      minLength: 1,
    }),
  }),
  fc.record({
    verb: fc.constant("APPEND" as const),
    mailbox,
    messages: fc.array(appendMessage, { minLength: 1, maxLength: 3 }),
  }),
  fc.boolean().chain((uid) =>
    fc.record({
      verb: fc.constant("FETCH" as const),
      uid: fc.constant(uid),
      set: set(uid ? "uid" : "sequence"),
      items: fc.array(fetchItem, { minLength: 1, maxLength: 5 }),
      changedSince: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: null }),
      vanished: fc.constant(false),
      partial: uid
        ? fc.option(fc.record({ first: fc.constantFrom(-1, -7), last: fc.constantFrom(-3, -9) }), { nil: null })
        : fc.constant(null),
    })
  ),
  fc.boolean().chain((uid) =>
    fc.record({
      verb: fc.constant("STORE" as const),
      uid: fc.constant(uid),
      set: set(uid ? "uid" : "sequence"),
      how: fc.constantFrom("add", "remove", "replace"),
      silent: fc.boolean(),
      flags: messageFlags,
      unchangedSince: fc.option(size, { nil: null }),
    })
  ),
  fc.boolean().chain((uid) =>
    fc.record({
      verb: fc.constant("STORE" as const),
      uid: fc.constant(uid),
      set: set(uid ? "uid" : "sequence"),
      how: fc.constant("replace" as const),
      silent: fc.constant(true),
      flags: fc.constant({ flags: 0, keywords: [] }),
      annotations,
      unchangedSince: fc.option(size, { nil: null }),
    })
  ),
  fc.boolean().chain((uid) =>
    fc.record({
      verb: fc.constantFrom("COPY", "MOVE"),
      uid: fc.constant(uid),
      set: set(uid ? "uid" : "sequence"),
      mailbox,
    })
  ),
  fc.record({
    verb: fc.constant("SEARCH" as const),
    uid: fc.boolean(),
    returns: fc.constant(null),
    criteria: fc.record({
      charset: fc.constantFrom(null, "UTF-8", "US-ASCII"),
      keys: fc.array(searchKey, { minLength: 1, maxLength: 4 }),
    }),
  }),
  fc.record({
    verb: fc.constant("SETMETADATA" as const),
    mailbox,
    values: fc.array(
      fc.record({
        entry: fc.constantFrom("/shared/comment", "/private/a b"),
        value: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
) as fc.Arbitrary<ImapCommand>;
