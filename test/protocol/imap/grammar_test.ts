import { assertEquals } from "@std/assert";
import { parseCommand } from "../../../src/protocol/imap/mod.ts";
import { commandOf, parsed, problemOf } from "./support/parse.ts";

Deno.test("commands without arguments take none", () => {
  for (
    const verb of [
      "CAPABILITY",
      "NOOP",
      "LOGOUT",
      "STARTTLS",
      "NAMESPACE",
      "IDLE",
      "CHECK",
      "CLOSE",
      "UNSELECT",
      "UNAUTHENTICATE",
    ] as const
  ) {
    assertEquals(commandOf(verb), { verb });
    assertEquals(commandOf(verb.toLowerCase()), { verb });
    assertEquals(problemOf(`${verb} x`), "Unexpected text after the arguments");
    assertEquals(problemOf(`${verb} `), "Unexpected text after the arguments");
  }
});

Deno.test("a tag is sent back only if it is one, and verbs that nobody knows are named as such (I5)", () => {
  const of = (text: string) => parseCommand({ text, literals: [] }, { utf8: false });
  for (
    const text of ["", " NOOP", "+ NOOP", "* NOOP", "a+b NOOP", "a\tNOOP", "é NOOP", `${"x".repeat(129)} NOOP`, "("]
  ) {
    const result = of(text);
    assertEquals(
      [result.type, result.tag, result.type === "bad" && result.problem.kind],
      ["bad", null, "badTag"],
      text,
    );
  }
  assertEquals(of(`${"x".repeat(128)} NOOP`).type, "command");
  assertEquals(of("a]~}= NOOP").type, "command");
  for (const text of ["a", "a ", "a  NOOP"]) {
    const result = of(text);
    assertEquals([result.tag, result.type === "bad" && result.problem.kind], ["a", "syntax"], text);
  }
  for (const text of ["a FOO", "a UID NOOP", "a __proto__", "a UID constructor", "a toString x"]) {
    const result = of(text);
    assertEquals([result.tag, result.type === "bad" && result.problem.kind], ["a", "unknownCommand"], text);
  }
  const web = of("GET /index.html HTTP/1.1");
  assertEquals(web.type === "bad" && web.problem.kind, "foreign");
});

Deno.test("LOGIN takes atoms, quoted strings and literals", () => {
  const login = { verb: "LOGIN", user: "joe", password: 'p"\\ w' };
  assertEquals(commandOf('LOGIN joe "p\\"\\\\ w"'), login);
  assertEquals(commandOf('LOGIN "joe" {5+}\r\np"\\ w'), login);
  assertEquals(commandOf('login {3}\r\njoe {5}\r\np"\\ w'), login);
  assertEquals(commandOf('LOGIN "" a]b'), { verb: "LOGIN", user: "", password: "a]b" });
  assertEquals(commandOf("LOGIN joe {3+}\r\n\xe2\x82\xac"), { verb: "LOGIN", user: "joe", password: "€" });
  assertEquals(commandOf('LOGIN joe "\xe2\x82\xac"', { utf8: true }), { verb: "LOGIN", user: "joe", password: "€" });
});

Deno.test("strings that are none are refused (I4)", () => {
  assertEquals(problemOf("LOGIN joe"), "Missing a space");
  assertEquals(problemOf("LOGIN  joe x"), "Missing a user name");
  assertEquals(problemOf("LOGIN joe "), "Missing a password");
  assertEquals(problemOf("LOGIN joe (x)"), "Missing a password");
  assertEquals(problemOf('LOGIN joe "x'), "A quoted string does not end");
  assertEquals(problemOf('LOGIN joe "x\\'), "Only quote and backslash can be escaped");
  assertEquals(problemOf('LOGIN joe "x\\n"'), "Only quote and backslash can be escaped");
  assertEquals(problemOf('LOGIN joe "x"y'), "Unexpected text after the arguments");
  assertEquals(problemOf("LOGIN joe {1+}\r\n\0"), "NUL is not allowed in a literal");
  assertEquals(problemOf("LOGIN joe {1+}\r\n\xff"), "A literal is not valid UTF-8");
  assertEquals(problemOf("LOGIN joe {1+}\r\nxy"), "Unexpected text after the arguments");
  assertEquals(problemOf("LOGIN joe ~{1+}\r\nx"), "Unexpected text after the arguments");
  assertEquals(problemOf("LOGIN joe \xe9"), "Missing a password");
  assertEquals(
    problemOf('LOGIN joe "\xc3\xa9"'),
    "A quoted string holds 8-bit characters; enable UTF8=ACCEPT or use a literal",
  );
  assertEquals(problemOf('LOGIN joe "\xc3"', { utf8: true }), "A quoted string is not valid UTF-8");
  assertEquals(problemOf('LOGIN joe "\xed\xa0\x80"', { utf8: true }), "A quoted string is not valid UTF-8");
});

Deno.test("AUTHENTICATE may bring its first response (RFC 4959)", () => {
  assertEquals(commandOf("AUTHENTICATE plain"), { verb: "AUTHENTICATE", mechanism: "PLAIN", initialResponse: null });
  assertEquals(commandOf("AUTHENTICATE PLAIN ="), { verb: "AUTHENTICATE", mechanism: "PLAIN", initialResponse: "=" });
  assertEquals(commandOf("AUTHENTICATE SCRAM-SHA-256 biws"), {
    verb: "AUTHENTICATE",
    mechanism: "SCRAM-SHA-256",
    initialResponse: "biws",
  });
  for (const text of ["AUTHENTICATE", "AUTHENTICATE PLAIN ", "AUTHENTICATE PLAIN a b", "AUTHENTICATE PLAIN ==="]) {
    assertEquals(parsed(text).type, "bad", text);
  }
});

Deno.test("ID tells of the client (RFC 2971 §3.1)", () => {
  assertEquals(commandOf("ID NIL"), { verb: "ID", fields: null });
  assertEquals(commandOf("ID ()"), { verb: "ID", fields: [] });
  assertEquals(commandOf('ID ("name" "sodr" "version" NIL "os" {2+}\r\nx\n)'), {
    verb: "ID",
    fields: [["name", "sodr"], ["version", null], ["os", "x\n"]],
  });
  assertEquals(problemOf('ID ("name")'), "Missing a space");
  assertEquals(problemOf("ID (name NIL)"), "Missing a field name");
  assertEquals(problemOf(`ID (${Array(31).fill('"x" NIL').join(" ")})`), "limit: Too many fields");
  assertEquals(problemOf(`ID ("x" "${"y".repeat(1_025)}")`), "limit: A field is too long");
});

Deno.test("ENABLE and COMPRESS name what they want in any case", () => {
  assertEquals(commandOf("ENABLE condstore Utf8=accept"), {
    verb: "ENABLE",
    capabilities: ["CONDSTORE", "UTF8=ACCEPT"],
  });
  assertEquals(problemOf("ENABLE"), "Missing a space");
  assertEquals(commandOf("COMPRESS deflate"), { verb: "COMPRESS", algorithm: "DEFLATE" });
});

Deno.test("a mailbox is named in modified UTF-7, or in UTF-8 once that is enabled (RFC 9051 §5.1)", () => {
  const named = (text: string, utf8 = false) => {
    const result = parsed(`DELETE ${text}`, { utf8 });
    return result.type === "command" && result.command.verb === "DELETE" ? String(result.command.mailbox) : undefined;
  };
  assertEquals(named("inbox"), "INBOX");
  assertEquals(named('"iNbOx/x"'), "INBOX/x");
  assertEquals(named("Entw&APw-rfe"), "Entwürfe");
  assertEquals(named('"Entw&APw-rfe"'), "Entwürfe");
  assertEquals(named("a&-b"), "a&b");
  assertEquals(named("a&-b", true), "a&-b");
  assertEquals(named('"Entw\xc3\xbcrfe"', true), "Entwürfe");
  assertEquals(named("{9+}\r\nEntw\xc3\xbcrfe", true), "Entwürfe");
  assertEquals(named("__proto__"), "__proto__");
  // No mailbox can be called so: NO, not BAD (I6).
  for (const text of ['""', "a//b", "/a", "a/", "../x", "a&AC8-b", "a&AAA-b", "&AGE-", "a&", "a&b", '"a*"']) {
    assertEquals(named(text), "null", text);
  }
  assertEquals(
    problemOf("DELETE {9+}\r\nEntw\xc3\xbcrfe"),
    "A mailbox name holds 8-bit characters; enable UTF8=ACCEPT",
  );
  assertEquals(problemOf("DELETE a*"), "Unexpected text after the arguments");
});

Deno.test("SELECT takes CONDSTORE and QRESYNC (RFC 7162 §3.2.5)", () => {
  const selected = { verb: "SELECT", mailbox: "INBOX", condstore: false, qresync: null };
  assertEquals(commandOf("SELECT INBOX"), selected);
  assertEquals(commandOf("SELECT INBOX (CONDSTORE)"), { ...selected, condstore: true });
  assertEquals(commandOf("EXAMINE INBOX (condstore)"), { ...selected, verb: "EXAMINE", condstore: true });
  const resync = (args: string) => commandOf(`SELECT INBOX (QRESYNC (${args}))`);
  assertEquals(resync("67890007 20050715194045 41,43:211,214:541"), {
    ...selected,
    qresync: {
      uidValidity: 67890007,
      modSeq: 20050715194045,
      known: [41, 41, 43, 211, 214, 541],
      match: null,
    },
  });
  assertEquals(resync("1 90060115194045 41:211,214:541 (1,3:4 41,43:44)"), {
    ...selected,
    qresync: {
      uidValidity: 1,
      modSeq: 90060115194045,
      known: [41, 211, 214, 541],
      match: { sequence: [1, 3, 4], uids: [41, 43, 44] },
    },
  });
  assertEquals(resync("1 2"), { ...selected, qresync: { uidValidity: 1, modSeq: 2, known: null, match: null } });
  assertEquals(resync("1 2 (5 7)"), {
    ...selected,
    qresync: { uidValidity: 1, modSeq: 2, known: null, match: { sequence: [5], uids: [7] } },
  });
  for (
    const args of [
      "",
      "1",
      "0 1",
      "1 0",
      "1 2 *",
      "1 2 1:*",
      "1 2 1 (1:2 1)",
      "1 2 1 (2,1 1,2)",
      "1 2 1 (1 $)",
      "1 2 3 4",
    ]
  ) assertEquals(parsed(`SELECT INBOX (QRESYNC (${args}))`).type, "bad", args);
  // Counted before it is spread out (I10).
  assertEquals(
    problemOf("SELECT INBOX (QRESYNC (1 2 1 (1:4294967295 1:4294967295)))"),
    "limit: Too many messages to compare",
  );
  assertEquals(problemOf("SELECT INBOX (FOO)"), "Unknown modifier");
  assertEquals(problemOf("SELECT INBOX (CONDSTORE CONDSTORE)"), "A modifier stands twice");
  assertEquals(problemOf("SELECT INBOX (__proto__)"), "Unknown modifier");
});

Deno.test("CREATE may state a use, and a separator at the end of a name falls away (RFC 6154 §3, RFC 9051 §6.3.4)", () => {
  assertEquals(commandOf("CREATE owatagusiam/"), {
    verb: "CREATE",
    mailbox: "owatagusiam",
    specialUses: [],
  });
  assertEquals(commandOf("CREATE MySpecial (USE (\\Drafts \\Sent))"), {
    verb: "CREATE",
    mailbox: "MySpecial",
    specialUses: ["drafts", "sent"],
  });
  assertEquals(commandOf("CREATE x (USE (\\Foo))"), { verb: "CREATE", mailbox: "x", specialUses: [null] });
  assertEquals(problemOf("CREATE x (USE (Drafts))"), "Missing a special use");
  assertEquals(commandOf("RENAME a b/"), { verb: "RENAME", from: "a", to: "b" });
});

Deno.test("STATUS names its items", () => {
  assertEquals(commandOf("STATUS blurdybloop (UIDNEXT MESSAGES messages HIGHESTMODSEQ DELETED-STORAGE)"), {
    verb: "STATUS",
    mailbox: "blurdybloop",
    items: ["UIDNEXT", "MESSAGES", "HIGHESTMODSEQ", "DELETED-STORAGE"],
  });
  assertEquals(problemOf("STATUS x ()"), "Missing a status item");
  assertEquals(problemOf("STATUS x (FOO)"), "Unknown status item");
  assertEquals(problemOf("STATUS x MESSAGES"), "Missing an opening parenthesis");
});

Deno.test("STORE changes flags in all its ways (RFC 9051 §6.4.6, RFC 7162 §3.1.3)", () => {
  const store = {
    verb: "STORE",
    uid: false,
    set: { by: "sequence", pairs: [2, 4] },
    how: "add",
    silent: false,
    flags: { flags: 8, keywords: [] },
    unchangedSince: null,
  };
  assertEquals(commandOf("STORE 2:4 +FLAGS (\\Deleted)"), store);
  assertEquals(commandOf("STORE 2:4 -FLAGS.SILENT \\deleted foo FOO Bar"), {
    ...store,
    how: "remove",
    silent: true,
    flags: { flags: 8, keywords: ["foo", "Bar"] },
  });
  assertEquals(commandOf("UID STORE 7,5:9 (UNCHANGEDSINCE 0) FLAGS ()"), {
    ...store,
    uid: true,
    set: { by: "uid", pairs: [7, 7, 5, 9] },
    how: "replace",
    flags: { flags: 0, keywords: [] },
    unchangedSince: 0,
  });
  assertEquals(commandOf("STORE $ +FLAGS $Forwarded"), {
    ...store,
    set: { by: "saved" },
    flags: { flags: 0, keywords: ["$Forwarded"] },
  });
  for (const flag of ["\\Recent", "\\Foo", "\\*", "(\\Seen", "\\Seen)", "{1+}\r\nx", '"x"', ""]) {
    assertEquals(parsed(`STORE 1 FLAGS ${flag}`).type, "bad", flag);
  }
  assertEquals(problemOf(`STORE 1 FLAGS (${"x ".repeat(128)}x)`), "limit: Too many flags");
  assertEquals(problemOf(`STORE 1 FLAGS ${"x".repeat(129)}`), "limit: A keyword is too long");
});

Deno.test("COPY, MOVE and EXPUNGE name messages by number or UID", () => {
  assertEquals(commandOf("COPY 2:4 MEETING"), {
    verb: "COPY",
    uid: false,
    set: { by: "sequence", pairs: [2, 4] },
    mailbox: "MEETING",
  });
  assertEquals(commandOf("UID MOVE 42:*,* foo"), {
    verb: "MOVE",
    uid: true,
    set: { by: "uid", pairs: [42, 0, 0, 0] },
    mailbox: "foo",
  });
  assertEquals(commandOf("EXPUNGE"), { verb: "EXPUNGE", set: null });
  assertEquals(commandOf("UID EXPUNGE 3000:3002"), { verb: "EXPUNGE", set: { by: "uid", pairs: [3000, 3002] } });
  assertEquals(problemOf("EXPUNGE 1"), "Unexpected text after the arguments");
  assertEquals(problemOf("UID EXPUNGE"), "Missing a space");
});

Deno.test("sets that are none are refused (I10)", () => {
  for (
    const set of [
      "0",
      "4294967296",
      "1:",
      ":1",
      "1,",
      ",1",
      "1:2:3",
      "1-2",
      "-1",
      "01",
      "a",
      "",
      "**",
      "*:",
      "1:0",
      "$1",
    ]
  ) {
    assertEquals(parsed(`UID EXPUNGE ${set}`).type, "bad", set);
  }
});

Deno.test("quota, ACL and metadata (RFC 9208, RFC 4314, RFC 5464)", () => {
  const table: readonly (readonly [string, unknown])[] = [
    ['GETQUOTA ""', { verb: "GETQUOTA", root: "" }],
    ["GETQUOTAROOT INBOX", { verb: "GETQUOTAROOT", mailbox: "INBOX" }],
    ['SETQUOTA "" (STORAGE 512 message 3)', {
      verb: "SETQUOTA",
      root: "",
      limits: [{ resource: "STORAGE", limit: 512 }, { resource: "MESSAGE", limit: 3 }],
    }],
    ["SETQUOTA x ()", { verb: "SETQUOTA", root: "x", limits: [] }],
    ["SETACL INBOX/Drafts Byron lrswikda", {
      verb: "SETACL",
      mailbox: "INBOX/Drafts",
      identifier: "Byron",
      how: "replace",
      rights: "lrswikda",
    }],
    ["SETACL INBOX anyone -lr", {
      verb: "SETACL",
      mailbox: "INBOX",
      identifier: "anyone",
      how: "remove",
      rights: "lr",
    }],
    ['SETACL INBOX anyone "+"', { verb: "SETACL", mailbox: "INBOX", identifier: "anyone", how: "add", rights: "" }],
    ["DELETEACL INBOX Fred", { verb: "DELETEACL", mailbox: "INBOX", identifier: "Fred" }],
    ["LISTRIGHTS ~/Mail/saved smith", { verb: "LISTRIGHTS", mailbox: "~/Mail/saved", identifier: "smith" }],
    ["GETACL INBOX", { verb: "GETACL", mailbox: "INBOX" }],
    ["MYRIGHTS INBOX", { verb: "MYRIGHTS", mailbox: "INBOX" }],
    ['GETMETADATA "" /shared/comment', {
      verb: "GETMETADATA",
      mailbox: "",
      entries: ["/shared/comment"],
      maxSizeBytes: null,
      depth: "0",
    }],
    ['GETMETADATA (MAXSIZE 1024 DEPTH Infinity) "INBOX" (/shared/comment /private/comment)', {
      verb: "GETMETADATA",
      mailbox: "INBOX",
      entries: ["/shared/comment", "/private/comment"],
      maxSizeBytes: 1024,
      depth: "infinity",
    }],
    ['SETMETADATA INBOX (/private/comment "My" /shared/x NIL /shared/y ~{2+}\r\n\0\xff)', {
      verb: "SETMETADATA",
      mailbox: "INBOX",
      values: [
        { entry: "/private/comment", value: new Uint8Array([0x4d, 0x79]) },
        { entry: "/shared/x", value: null },
        { entry: "/shared/y", value: new Uint8Array([0, 255]) },
      ],
    }],
  ];
  for (const [text, expected] of table) assertEquals(commandOf(text), expected, text);
  for (const entry of ["x", "/x*", '"/x%"', "/x/", "/", "/a//b", '"/\\"\\"/ "x']) {
    assertEquals(parsed(`GETMETADATA "" ${entry}`).type, "bad", entry);
  }
  for (
    const text of ["SETACL INBOX x LR", "SETQUOTA x (STORAGE)", "SETQUOTA x (STORAGE -1)", "GETMETADATA (DEPTH 2) x /a"]
  ) {
    assertEquals(parsed(text).type, "bad", text);
  }
});

Deno.test("NOTIFY registers for events of mailboxes (RFC 5465)", () => {
  assertEquals(commandOf("NOTIFY NONE"), { verb: "NOTIFY", groups: null, status: false });
  const command = commandOf(
    "NOTIFY SET STATUS (selected MessageNew (uid flags)) (subtree Lists NONE)".replace(
      "selected MessageNew (uid flags)",
      "selected-delayed (MessageNew (uid flags) messageexpunge Foo)",
    ),
  );
  assertEquals(command, {
    verb: "NOTIFY",
    status: true,
    groups: [
      {
        mailboxes: { filter: "selected-delayed" },
        events: [
          { event: "MessageNew", items: [{ item: "UID" }, { item: "FLAGS" }] },
          { event: "MessageExpunge" },
          { event: "unknown", name: "Foo" },
        ],
      },
      { mailboxes: { filter: "subtree", mailboxes: ["Lists"] }, events: [] },
    ],
  });
  for (const text of ["NOTIFY", "NOTIFY SET", "NOTIFY SET STATUS", "NOTIFY SET (foo NONE)", "NOTIFY SET (selected)"]) {
    assertEquals(parsed(text).type, "bad", text);
  }
});

Deno.test("URLs of mail (RFC 4467)", () => {
  const url = '"imap://joe@example.com/INBOX/;uid=20;urlauth=anonymous"';
  assertEquals(commandOf(`GENURLAUTH ${url} internal`), {
    verb: "GENURLAUTH",
    urls: [{ url: url.slice(1, -1), mechanism: "INTERNAL" }],
  });
  assertEquals(commandOf(`URLFETCH ${url} ${url}`), {
    verb: "URLFETCH",
    urls: [url.slice(1, -1), url.slice(1, -1)],
  });
  assertEquals(commandOf("RESETKEY"), { verb: "RESETKEY", mechanisms: [] });
  assertEquals(commandOf("RESETKEY INBOX XSAMPLE"), {
    verb: "RESETKEY",
    mailbox: "INBOX",
    mechanisms: ["XSAMPLE"],
  });
});
