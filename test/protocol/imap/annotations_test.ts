import { assertEquals } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { ANNOTATION_VALUE_BYTES_MAX } from "../../../src/mail/message_annotation.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const TWO_PARTS = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n";

function withMessages(mailboxes: FakeMailboxes): void {
  mailboxes.deliver("INBOX", TWO_PARTS);
  mailboxes.deliver("INBOX", "Subject: two\r\n\r\n");
  mailboxes.deliver("INBOX", "Subject: three\r\n\r\n");
}

function user(...first: string[]) {
  const mailboxes = new FakeMailboxes();
  withMessages(mailboxes);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX", ...first);
  return { mailboxes, client };
}

Deno.test("annotations are stored silently and told with what was asked of them (RFC 5257 §4.3 to §4.5)", () => {
  const mailboxes = new FakeMailboxes();
  withMessages(mailboxes);
  const client = loggedIn(mailboxes);
  mailboxes.pageRows = 100;
  assertEquals(say(client, "s SELECT INBOX (ANNOTATE)").slice(-4), [
    "* OK [ANNOTATIONS 4096] Annotations",
    "* OK [MAILBOXID (M1)] Id",
    "* OK [URLMECH INTERNAL] Mechanisms",
    "s OK [READ-WRITE] Selected",
  ]);
  const dialogue: readonly (readonly [string, readonly string[]])[] = [
    ['STORE 1 ANNOTATION (/comment (value.priv "My note" value.shared "Group") /altsubject (value.priv "x"))', []],
    ["FETCH 1 (ANNOTATION (/comment value))", [
      '* 1 FETCH (ANNOTATION (/comment (value.priv "My note" value.shared "Group")))',
    ]],
    ["UID FETCH 1:2 (ANNOTATION (/* (value.priv size.priv)))", [
      '* 1 FETCH (UID 1 ANNOTATION (/altsubject (value.priv "x" size.priv "1") ' +
      '/comment (value.priv "My note" size.priv "7")))',
      "* 2 FETCH (UID 2)",
    ]],
    ["FETCH 2 ANNOTATION ((/comment /altsubject) (value size))", [
      '* 2 FETCH (ANNOTATION (/comment (value.priv NIL value.shared NIL size.priv "0" size.shared "0") ' +
      '/altsubject (value.priv NIL value.shared NIL size.priv "0" size.shared "0")))',
    ]],
    ["STORE 1 ANNOTATION (/comment (value.shared NIL))", []],
    ["FETCH 1:3 ANNOTATION (/% value.shared)", []],
  ];
  for (const [command, expected] of dialogue) assertEquals(say(client, `a ${command}`), [...expected, "a OK Done"]);
});

Deno.test("wildcards match names of entries, % only up to the next slash", () => {
  const { client } = user(
    's STORE 1 ANNOTATION (/comment (value.priv "c") /1/comment (value.priv "1c") /vendor/x/label (value.shared "l"))',
  );
  const names = (pattern: string) => {
    const [line] = say(client, `f FETCH 1 ANNOTATION (${pattern} value.priv)`);
    return [...line!.matchAll(/(\/[a-z0-9/]+) \(/g)].map(([, name]) => name);
  };
  assertEquals(names("/*"), ["/1/comment", "/comment"]);
  assertEquals(names("/%"), ["/comment"]);
  assertEquals(names("/%/comment"), ["/1/comment"]);
  assertEquals(names("*ment"), ["/1/comment", "/comment"]);
  assertEquals(names("(/% /nothing)"), ["/comment", "/nothing"]);
});

Deno.test("what is no annotation is BAD, and costs nothing", () => {
  const { client, mailboxes } = user();
  for (
    const [args, text] of [
      ['(/comment (value "x"))', "Not an attribute that can stand here"],
      ['(/comment (size.priv "1"))', "Not an attribute that can stand here"],
      ['(comment (value.priv "x"))', "Not the name of an entry"],
      ['(/a//b (value.priv "x"))', "Not the name of an entry"],
      ['(/a/ (value.priv "x"))', "Not the name of an entry"],
      ['("/a*" (value.priv "x"))', "Not the name of an entry"],
      ['(/flags/seen (value.priv "1"))', "Flags of messages are no annotations"],
      ['(/0/comment (value.priv "x"))', "Not the number of a part"],
      ['(/1..2/comment (value.priv "x"))', "Not the number of a part"],
      ['(/1/flags/seen (value.priv "yes"))', 'The flag of a part is "0", "1" or NIL'],
      ['(/3/comment (value.priv "x"))', "No such part"],
      ['(/1/1/comment (value.priv "x"))', null],
    ] as const
  ) {
    const [line] = say(client, `a STORE 1 ANNOTATION ${args}`);
    assertEquals(line, text === null ? "a OK Done" : `a BAD ${text}`, args);
    if (text !== null) assertEquals(mailboxes.messages("INBOX")[0]!.annotations, []);
  }
  assertEquals(say(client, 'b STORE 1:2 ANNOTATION (/2/comment (value.priv "x"))'), ["b BAD No such part"]);
  assertEquals(say(client, "c SEARCH ANNOTATION /comment size.priv x")[0]?.slice(0, 5), "c BAD");
  assertEquals(say(client, "d SORT (ANNOTATION /comment value) UTF-8 ALL")[0]?.slice(0, 5), "d BAD");
  assertEquals(say(client, "e SORT (ANNOTATION /* value.priv) UTF-8 ALL")[0]?.slice(0, 5), "e BAD");
});

Deno.test("a value of the limit's size is stored, one byte more is TOOBIG, and too many are TOOMANY (RFC 5257 §4.5)", () => {
  const { client } = user();
  const value = (bytes: number) => `{${bytes}+}\r\n${"v".repeat(bytes)}`;
  const store = (tag: string, bytes: number) =>
    say(client, `${tag} STORE 1 ANNOTATION (/comment (value.priv ${value(bytes)}))`);
  assertEquals(store("a", ANNOTATION_VALUE_BYTES_MAX), ["a OK Done"]);
  assertEquals(store("b", ANNOTATION_VALUE_BYTES_MAX + 1), ["b NO [ANNOTATE TOOBIG] A value is too long"]);
  for (let i = 1; i < 32; i++) {
    assertEquals(say(client, `c STORE 1 ANNOTATION (/vendor/x/${i} (value.priv "v"))`), ["c OK Done"]);
  }
  assertEquals(say(client, 'd STORE 1 ANNOTATION (/vendor/x/32 (value.priv "v"))'), [
    "d NO [ANNOTATE TOOMANY] Too many annotations",
  ]);
});

Deno.test("APPEND takes annotations, values as literals too, and of each message its own (RFC 5257 §4.7)", () => {
  const { client, mailboxes } = user();
  assertEquals(say(client, '1 APPEND INBOX (\\Seen) ANNOTATION (/comment (value.priv "wait (a bit)")) {5+}', "hello"), [
    "* 4 EXISTS",
    "* 4 RECENT",
    "1 OK [APPENDUID 1001 4] Appended",
  ]);
  assertEquals(
    say(
      client,
      "2 APPEND INBOX ANNOTATION (/comment (value.priv {3+}",
      "one value.shared ~{2+}",
      "\0\0)) {5+}",
      "first ANNOTATION (/altsubject (value.shared NIL)) {6+}",
      "second",
    ).at(-1),
    "2 OK [APPENDUID 1001 5:6] Appended",
  );
  const annotations = mailboxes.messages("INBOX").slice(3).map(({ annotations }) => annotations);
  assertEquals(annotations, [
    [{ entry: "/comment", scope: "priv", value: utf8("wait (a bit)") }],
    [{ entry: "/comment", scope: "priv", value: utf8("one") }, {
      entry: "/comment",
      scope: "shared",
      value: new Uint8Array(2),
    }],
    [],
  ]);
  assertEquals(say(client, "3 APPEND INBOX ANNOTATION (/1/comment (value.priv {4}"), ["+ OK"]);
  assertEquals(say(client, "note)) {5+}", "hello").at(-1), "3 OK [APPENDUID 1001 7] Appended");
  assertEquals(say(client, '4 APPEND INBOX ANNOTATION (/2/comment (value.priv "x")) {5+}', "hello"), [
    "4 BAD No such part",
  ]);
  assertEquals(
    say(client, "5 FETCH 5 ANNOTATION (/comment value.shared)")[0],
    "* 5 FETCH (ANNOTATION (/comment (value.shared ~{2}",
  );
});

Deno.test("MODSEQ is told of a changed annotation to those who know of it, and nothing else (RFC 5257 §4.5)", () => {
  const { client } = user("e ENABLE CONDSTORE");
  assertEquals(say(client, 'a STORE 2 ANNOTATION (/comment (value.shared "x"))'), [
    "* 2 FETCH (MODSEQ (5))",
    "a OK Done",
  ]);
  assertEquals(say(client, 'b UID STORE 2 ANNOTATION (/comment (value.shared "y"))'), [
    "* 2 FETCH (UID 2 MODSEQ (6))",
    "b OK Done",
  ]);
});

Deno.test("in mailboxes of others there are no private annotations, and shared ones need a right (RFC 5257 §3.4, §4.1)", () => {
  const mailboxes = new FakeMailboxes();
  const name = "Other Users/bert@a.example/Team";
  mailboxes.make(name);
  mailboxes.deliver(name, "hello");
  const client = loggedIn(mailboxes);
  const level = () => say(client, `s SELECT "${name}"`).find((line) => line.includes("ANNOTATIONS"));
  assertEquals(level(), "* OK [ANNOTATIONS 4096 NOPRIVATE] Annotations");
  mailboxes.rights.set(name, "lrw" as never);
  assertEquals(level(), "* OK [ANNOTATIONS READ-ONLY NOPRIVATE] Annotations");
  assertEquals(
    say(client, "e EXAMINE INBOX").find((line) => line.includes("ANNOTATIONS")),
    "* OK [ANNOTATIONS READ-ONLY] Annotations",
  );
  assertEquals(say(client, 'f STORE 1 ANNOTATION (/comment (value.priv "x"))')[0]?.slice(0, 4), "f BA");
});

Deno.test("patterns are few and have few wildcards: each is tried on every name of every message", () => {
  const { client } = user('s STORE 1 ANNOTATION (/a (value.priv "x"))');
  const fetched = (entries: string) => say(client, `f FETCH 1 ANNOTATION (${entries} value.priv)`).at(-1)!.slice(0, 13);
  assertEquals(fetched(`(${"/a ".repeat(15)}/a)`), "f OK Done");
  assertEquals(fetched(`(${"/a ".repeat(16)}/a)`), "f BAD [LIMIT]");
  assertEquals(fetched("/%*%*"), "f OK Done");
  assertEquals(fetched("/%*%*%"), "f BAD [LIMIT]");
  assertEquals(say(client, 's SEARCH ANNOTATION "/%*%*%" value "x"')[0]!.slice(0, 13), "s BAD [LIMIT]");
});

Deno.test("SEARCH by an annotation goes with other keys, and NIL asks for messages without it (RFC 5257 §4.8)", () => {
  const { client } = user(
    'a STORE 1 ANNOTATION (/comment (value.priv "IMAP4 rules"))',
    'b STORE 2 ANNOTATION (/vendor/x (value.shared "imap4"))',
  );
  const search = (keys: string) => say(client, `s SEARCH ${keys}`)[0];
  assertEquals(search('ANNOTATION /comment value "imap4"'), "* SEARCH 1");
  assertEquals(search('ANNOTATION * value "imap4"'), "* SEARCH 1 2");
  assertEquals(search("ANNOTATION * value.priv ~{5+}\r\nimap4"), "* SEARCH 1");
  assertEquals(search('NOT ANNOTATION /% value "imap4"'), "* SEARCH 2 3");
  const either = 'OR ANNOTATION /comment value.shared NIL ANNOTATION /comment value.priv "rules"';
  assertEquals(search(either), "* SEARCH 1 2 3");
  assertEquals(search("ANNOTATION /comment value NIL"), "* SEARCH 2 3");
  assertEquals(search("ANNOTATION /comment value atom"), "s BAD Missing a text");
});
