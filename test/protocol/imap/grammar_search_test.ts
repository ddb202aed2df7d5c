import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/mod.ts";
import { asksModSeq, type SearchKey, toSearchProgram } from "../../../src/protocol/imap/mod.ts";
import { commandOf, parsed, problemOf } from "./support/parse.ts";

const DAY_MS = 86_400_000;

function keys(text: string): readonly SearchKey[] {
  return (commandOf(`SEARCH ${text}`) as { readonly criteria: { readonly keys: readonly SearchKey[] } }).criteria.keys;
}

/** What the owner of the mailbox is asked. */
function program(text: string): unknown {
  return toSearchProgram(keys(text));
}

Deno.test("every search key becomes its part of a program (RFC 9051 §6.4.4)", () => {
  const flags = (bits: number) => ({ type: "flags", flags: bits });
  const not = (of: unknown) => ({ type: "not", of });
  const header = (field: string, text: string) => ({ type: "header", field, text });
  const date = (of: string, than: string) => ({ type: "date", of, than, dayMs: 9_162 * DAY_MS });
  const table: readonly (readonly [string, unknown])[] = [
    ["ALL", { type: "all" }],
    ["ANSWERED", flags(Flag.answered)],
    ["DELETED", flags(Flag.deleted)],
    ["DRAFT", flags(Flag.draft)],
    ["FLAGGED", flags(Flag.flagged)],
    ["seen", flags(Flag.seen)],
    ["UNANSWERED", not(flags(Flag.answered))],
    ["UNDELETED", not(flags(Flag.deleted))],
    ["UNDRAFT", not(flags(Flag.draft))],
    ["UNFLAGGED", not(flags(Flag.flagged))],
    ["UNSEEN", not(flags(Flag.seen))],
    ["RECENT", { type: "recent" }],
    ["OLD", not({ type: "recent" })],
    ["NEW", { type: "and", of: [{ type: "recent" }, not(flags(Flag.seen))] }],
    ["KEYWORD $Junk", { type: "keyword", keyword: "$Junk" }],
    ["UNKEYWORD foo", not({ type: "keyword", keyword: "foo" })],
    ['FROM "Smith"', header("From", "Smith")],
    ["TO x", header("To", "x")],
    ["CC x", header("Cc", "x")],
    ["BCC x", header("Bcc", "x")],
    ["SUBJECT {2+}\r\n\xc3\xa9", header("Subject", "é")],
    ['HEADER X-Foo ""', header("X-Foo", "")],
    ["BODY x", { type: "body", text: "x" }],
    ["TEXT NIL", { type: "text", text: "NIL" }],
    ["BEFORE 1-Feb-1995", date("internal", "before")],
    ["ON 01-feb-1995", date("internal", "on")],
    ['SINCE "1-Feb-1995"', date("internal", "since")],
    ["SENTBEFORE 1-Feb-1995", date("sent", "before")],
    ["SENTON 1-Feb-1995", date("sent", "on")],
    ["SENTSINCE 1-Feb-1995", date("sent", "since")],
    ["SAVEDBEFORE 1-Feb-1995", date("saved", "before")],
    ["SAVEDON 1-Feb-1995", date("saved", "on")],
    ["SAVEDSINCE 1-Feb-1995", date("saved", "since")],
    ["SAVEDATESUPPORTED", { type: "saveDateSupported" }],
    ["LARGER 9223372036854775807", { type: "size", than: "larger", bytes: Number.MAX_SAFE_INTEGER }],
    ["SMALLER 0", { type: "size", than: "smaller", bytes: 0 }],
    ["YOUNGER 259200", { type: "age", than: "younger", seconds: 259200 }],
    ["OLDER 1", { type: "age", than: "older", seconds: 1 }],
    ["MODSEQ 620162338", { type: "modSeq", atLeast: 620162338 }],
    ['MODSEQ "/flags/\\\\draft" all 620162338', { type: "modSeq", atLeast: 620162338 }],
    ['MODSEQ "/flags/$Junk" priv 0', { type: "modSeq", atLeast: 0 }],
    ["EMAILID M6d99ac3275bb4e", { type: "objectId", of: "email", id: "M6d99ac3275bb4e" }],
    ["THREADID T64b478a75b7ea9", { type: "objectId", of: "thread", id: "T64b478a75b7ea9" }],
    ["2,4:*", { type: "set", set: { by: "sequence", pairs: [2, 2, 4, 0] } }],
    ["*", { type: "set", set: { by: "sequence", pairs: [0, 0] } }],
    ["UID 7", { type: "set", set: { by: "uid", pairs: [7, 7] } }],
    ["$", { type: "set", set: { by: "saved" } }],
    ["UID $", { type: "set", set: { by: "saved" } }],
    ["FUZZY SUBJECT x", { type: "fuzzy", of: header("Subject", "x") }],
    ["NOT SEEN", not(flags(Flag.seen))],
    ["OR SEEN DELETED", { type: "or", of: [flags(Flag.seen), flags(Flag.deleted)] }],
    ["OR OR 1 2 OR 3 SEEN", {
      type: "or",
      of: [...[1, 2, 3].map((n) => ({ type: "set", set: { by: "sequence", pairs: [n, n] } })), flags(Flag.seen)],
    }],
    ["SEEN (DELETED DRAFT)", {
      type: "and",
      of: [flags(Flag.seen), { type: "and", of: [flags(Flag.deleted), flags(Flag.draft)] }],
    }],
    ["((SEEN))", flags(Flag.seen)],
  ];
  for (const [text, expected] of table) assertEquals(program(text), expected, text);
});

Deno.test("MODSEQ is found wherever it lies", () => {
  for (const text of ["MODSEQ 1", "NOT MODSEQ 1", "OR SEEN MODSEQ 1", "SEEN (DRAFT (SEEN FUZZY MODSEQ 1))"]) {
    assert(asksModSeq(keys(text)), text);
  }
  assert(!asksModSeq(keys("OR SEEN NOT (DRAFT 1)")));
});

Deno.test("keys that are none are refused", () => {
  for (
    const text of [
      "",
      " ALL",
      "ALL ",
      "FOO",
      "NOT",
      "OR SEEN",
      "()",
      "(SEEN",
      "SEEN)",
      "FROM",
      "FROM (x)",
      "KEYWORD \\Seen",
      "BEFORE 31-Feb-1995",
      "BEFORE 1-Foo-1995",
      "BEFORE 1-Feb-95",
      'BEFORE "1-Feb-1995',
      'BEFORE 1-Feb-1995"',
      "LARGER -1",
      "LARGER 9223372036854775808",
      "YOUNGER 0",
      'MODSEQ "/foo" all 1',
      'MODSEQ "/flags/x" some 1',
      "EMAILID a!b",
      "HEADER a:b x",
      "UID x",
      "0",
      "__proto__",
    ]
  ) assertEquals(parsed(`SEARCH ${text}`).type, "bad", text);
});

Deno.test("searches nested too deep or too long are refused (I3, I11)", () => {
  assertEquals(parsed(`SEARCH ${"NOT ".repeat(256)}SEEN`).type, "command");
  const deep = "limit: Too many search keys within each other";
  assertEquals(problemOf(`SEARCH ${"NOT ".repeat(257)}SEEN`), deep);
  assertEquals(problemOf(`SEARCH ${"(".repeat(60_000)}`), deep);
  assertEquals(problemOf(`SEARCH ${"OR SEEN ".repeat(257)}SEEN`), deep);
  assertEquals(problemOf(`SEARCH ${"SEEN ".repeat(2_000)}SEEN`), "limit: Too many search keys");
  assertEquals(problemOf(`SEARCH TEXT ${"x".repeat(4_097)}`), "limit: The text is too long");
});

Deno.test("only charsets that are searched in are taken", () => {
  const charset = (text: string) =>
    (commandOf(`SEARCH ${text}`) as { readonly criteria: { readonly charset: unknown } }).criteria.charset;
  assertEquals(charset("ALL"), null);
  assertEquals(charset("CHARSET utf-8 ALL"), "UTF-8");
  assertEquals(charset('CHARSET "US-ASCII" ALL'), "US-ASCII");
  assertEquals(
    problemOf("SEARCH CHARSET ISO-8859-1 TEXT x"),
    "badCharset: Only UTF-8 and US-ASCII are searched in",
  );
});

Deno.test("RETURN says what is told of the results (RFC 9051 §6.4.4, RFC 5267, RFC 9394)", () => {
  const returns = (text: string) => {
    const said = (commandOf(`SEARCH RETURN ${text} ALL`) as { readonly returns: Record<string, unknown> }).returns;
    return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== false && value !== null));
  };
  assertEquals(returns("()"), {});
  assertEquals(returns("(min MAX COUNT ALL SAVE)"), { min: true, max: true, count: true, all: true, save: true });
  assertEquals(returns("(PARTIAL 1:500 CONTEXT)"), { partial: { first: 1, last: 500 }, context: true });
  assertEquals(returns("(PARTIAL -5:-1)"), { partial: { first: -5, last: -1 } });
  assertEquals(returns("(UPDATE RELEVANCY)"), { update: { items: [] }, relevancy: true });
  assertEquals(returns("(UPDATE (UID FLAGS) COUNT)"), {
    update: { items: [{ item: "UID" }, { item: "FLAGS" }] },
    count: true,
  });
  assertEquals(commandOf("SEARCH ALL"), {
    verb: "SEARCH",
    uid: false,
    returns: null,
    criteria: { charset: null, keys: [{ key: "ALL" }] },
  });
  for (const text of ["(FOO)", "(MIN MIN)", "(ALL PARTIAL 1:2)", "MIN", "(PARTIAL)", "(MIN"]) {
    assertEquals(parsed(`SEARCH RETURN ${text} ALL`).type, "bad", text);
  }
});

Deno.test("SORT, THREAD, ESEARCH and CANCELUPDATE", () => {
  const criteria = { charset: "UTF-8", keys: [{ key: "ALL" }] };
  assertEquals(commandOf("SORT (SUBJECT REVERSE DATE displayfrom) UTF-8 ALL"), {
    verb: "SORT",
    uid: false,
    returns: null,
    sortBy: [
      { key: "SUBJECT", reverse: false },
      { key: "DATE", reverse: true },
      { key: "DISPLAYFROM", reverse: false },
    ],
    criteria,
  });
  assertEquals(parsed("UID SORT RETURN (COUNT) (ARRIVAL) UTF-8 ALL").type, "command");
  assertEquals(commandOf("UID THREAD references UTF-8 ALL"), {
    verb: "THREAD",
    uid: true,
    algorithm: "REFERENCES",
    criteria,
  });
  assertEquals(
    commandOf('ESEARCH IN (selected subtree-one ("a" b) mailboxes INBOX) RETURN (COUNT) CHARSET UTF-8 ALL') as object,
    {
      verb: "ESEARCH",
      sources: [
        { filter: "selected" },
        { filter: "subtree-one", mailboxes: ["a", "b"] },
        { filter: "mailboxes", mailboxes: ["INBOX"] },
      ],
      returns: {
        min: false,
        max: false,
        all: false,
        count: true,
        save: false,
        partial: null,
        update: null,
        context: false,
        relevancy: false,
      },
      criteria,
    },
  );
  assertEquals(commandOf('CANCELUPDATE "a1" "b2"'), { verb: "CANCELUPDATE", tags: ["a1", "b2"] });
  for (
    const text of [
      "SORT () UTF-8 ALL",
      "SORT (FOO) UTF-8 ALL",
      "SORT (REVERSE) UTF-8 ALL",
      "SORT (DATE) ALL",
      "THREAD REFERENCES ALL",
      "ESEARCH IN () ALL",
      "ESEARCH IN (selected-delayed) ALL",
      "ESEARCH IN (personal (depth 1)) ALL",
      "CANCELUPDATE",
      "CANCELUPDATE a1",
    ]
  ) assertEquals(parsed(text).type, "bad", text);
});
