import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { Failure } from "../../../src/base/failure.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import { seededRandom } from "../../../src/base/random.ts";
import { ALL_COLUMNS, RowColumn } from "../../../src/mail/row_columns.ts";
import type { ImapAction, ImapAsks } from "../../../src/protocol/imap/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { type Client, loggedIn, other, say } from "./support.ts";

const LETTER = [
  "From: Anna <anna@a.example>",
  "Subject: hello",
  "Content-Type: multipart/mixed; boundary=x",
  "",
  "--x",
  "Content-Type: text/plain",
  "",
  "Good day.",
  "--x",
  "Content-Type: message/rfc822",
  "",
  "Subject: inner",
  "",
  "inner text",
  "--x--",
  "",
].join("\r\n");

function withLetters(count: number, text = LETTER) {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < count; i++) mailboxes.deliver("INBOX", text);
  const client = loggedIn(mailboxes);
  say(client, "s SELECT INBOX");
  return { mailboxes, client };
}

/** What one item of the first message is, as text. */
function item(client: Client, name: string): string {
  client.receive(utf8(`1 FETCH 1 (${name})\r\n`));
  const text = latin1(client.take());
  const match = /^\* 1 FETCH \(([^]*)\)\r\n1 OK Done\r\n$/.exec(text);
  return match?.[1] ?? text;
}

function literal(label: string, text: string): string {
  return `${label} {${text.length}}\r\n${text}`;
}

Deno.test("flags of many messages are told as those of each alone, whatever their numbers and flags are", () => {
  const random = seededRandom(11);
  const { client, mailboxes } = withLetters(330, "Subject: a\r\n\r\nb");
  mailboxes.pageRows = 100;
  // Messages in a row with the same flags and others, with UIDs that go on and that do not.
  for (let at = 1; at <= 330; at += 1 + Math.floor(random.next() * 40)) {
    const last = Math.min(330, at + Math.floor(random.next() * 30));
    say(client, `f STORE ${at}:${last} +FLAGS.SILENT (${random.next() < 0.5 ? "\\Seen" : "$Work"})`);
  }
  const gone = Array.from({ length: 24 }, (_, i) => 13 * (i + 1));
  say(client, `d STORE ${gone.join(",")} +FLAGS.SILENT (\\Deleted)`, "e EXPUNGE");
  for (const items of ["FLAGS", "(UID FLAGS)", "(FLAGS UID)", "(FLAGS MODSEQ)", "UID"]) {
    const alone = Array.from({ length: 306 }, (_, i) => say(client, `1 FETCH ${i + 1} ${items}`)[0]);
    assertEquals(say(client, `2 FETCH 1:* ${items}`), [...alone, "2 OK Done"]);
  }
});

Deno.test("facts of a message come from its row", () => {
  const { client } = withLetters(1);
  assertEquals(
    item(client, "UID RFC822.SIZE INTERNALDATE"),
    [
      "UID 1",
      `RFC822.SIZE ${LETTER.length}`,
      'INTERNALDATE " 1-Feb-2026 03:05:05 +0000"',
    ].join(" "),
  );
  assertEquals(
    item(client, "EMAILID THREADID SAVEDATE"),
    [
      "EMAILID (E1)",
      "THREADID (TE1)",
      'SAVEDATE " 1-Feb-2026 03:04:05 +0000"',
    ].join(" "),
  );
  assertEquals(item(client, "FLAGS MODSEQ"), "FLAGS (\\Recent) MODSEQ (2)");
});

Deno.test("a conversation is called the same in each of its messages, with an index or without (RFC 8474 §5.2)", () => {
  for (const keepsIndex of [true, false]) {
    const { client, mailboxes } = withLetters(1, "Message-ID: <1@a.test>\r\n\r\nhello");
    mailboxes.keepsIndex = keepsIndex;
    mailboxes.deliver("INBOX", "Message-ID: <2@a.test>\r\nIn-Reply-To: <1@a.test>\r\n\r\nhello yourself");
    mailboxes.deliver("INBOX", "Message-ID: <3@a.test>\r\n\r\nhello all");
    say(client, "n NOOP");
    const ids = say(client, "2 FETCH 1:3 THREADID").map((line) => /THREADID \((T[a-z0-9]+)\)/.exec(line)?.[1]);
    assertEquals([ids.length, ids[0] === ids[1], ids[0] === ids[2], ids[2]?.length], [4, true, false, 29]);
  }
});

Deno.test("sections are the bytes of the message, whole or in part", () => {
  const { client } = withLetters(1);
  const header = LETTER.slice(0, LETTER.indexOf("\r\n\r\n") + 4);
  for (
    const [name, text] of [
      ["BODY.PEEK[]", LETTER],
      ["BODY.PEEK[HEADER]", header],
      ["BODY.PEEK[TEXT]", LETTER.slice(header.length)],
      ["BODY.PEEK[1]", "Good day."],
      ["BODY.PEEK[1.MIME]", "Content-Type: text/plain\r\n\r\n"],
      ["BODY.PEEK[2.HEADER]", "Subject: inner\r\n\r\n"],
      ["BODY.PEEK[2.TEXT]", "inner text"],
      ["BODY.PEEK[2.1]", "inner text"],
      ["BODY.PEEK[HEADER.FIELDS (Subject X-None)]", "Subject: hello\r\n\r\n"],
      ["BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT)]", header.replace("Subject: hello\r\n", "")],
      ["BODY.PEEK[2.HEADER.FIELDS (Subject)]", "Subject: inner\r\n\r\n"],
    ] as const
  ) {
    assertEquals(item(client, name), literal(name.replace(".PEEK", ""), text), name);
  }
  assertEquals(item(client, "BODY.PEEK[]<5.4>"), literal("BODY[]<5>", LETTER.slice(5, 9)));
  assertEquals(item(client, "BODY.PEEK[]<99999.4>"), 'BODY[]<99999> ""');
  assertEquals(item(client, "BODY.PEEK[1]<5.400>"), literal("BODY[1]<5>", "day."));
  for (const name of ["3", "1.1", "1.HEADER", "2.2", "9.9.9"]) {
    assertEquals(item(client, `BODY.PEEK[${name}]`), `BODY[${name}] NIL`);
  }
});

Deno.test("a message that is no multipart has one part", () => {
  const { client } = withLetters(1, "Subject: x\r\n\r\nall of it\r\n");
  assertEquals(item(client, "BODY.PEEK[1]"), literal("BODY[1]", "all of it\r\n"));
  assertEquals(item(client, "BODY.PEEK[1.MIME]"), literal("BODY[1.MIME]", "Subject: x\r\n\r\n"));
  assertEquals(item(client, "BODY.PEEK[1.1]"), "BODY[1.1] NIL");
});

Deno.test("reading a body sets Seen, once for a page, and tells it; peeking does not", () => {
  const { client, mailboxes } = withLetters(3, "A: b\r\n\r\nc");
  say(client, "1 FETCH 1:3 (BODY.PEEK[] RFC822.HEADER)");
  assertEquals(mailboxes.messages("INBOX").map(({ flags }) => flags), [0, 0, 0]);
  mailboxes.pageRows = 10;
  mailboxes.asked.length = 0;
  assertEquals(say(client, "2 FETCH 1:3 BODY[TEXT]"), [
    "* 1 FETCH (BODY[TEXT] {1}",
    "c FLAGS (\\Seen \\Recent))",
    "* 2 FETCH (BODY[TEXT] {1}",
    "c FLAGS (\\Seen \\Recent))",
    "* 3 FETCH (BODY[TEXT] {1}",
    "c FLAGS (\\Seen \\Recent))",
    "2 OK Done",
  ]);
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.store").length, 1);
  assertEquals(say(client, "3 FETCH 1 BODY[TEXT]"), ["* 1 FETCH (BODY[TEXT] {1}", "c)", "3 OK Done"]);
  say(client, "4 EXAMINE INBOX", "5 STORE 1 -FLAGS (\\Seen)");
  assertEquals(say(client, "6 FETCH 1 RFC822"), ["* 1 FETCH (RFC822 {9}", "A: b", "", "c)", "6 OK Done"]);
});

Deno.test("without an index it is made of the message, and says the same", () => {
  const { client, mailboxes } = withLetters(1);
  const items = "(ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[1])";
  const before = say(client, `1 FETCH 1 ${items}`);
  mailboxes.keepsIndex = false;
  assertEquals(say(client, `1 FETCH 1 ${items}`), before);
});

Deno.test("numbers beyond the last message are refused, UIDs that are not there are passed over", () => {
  const { client } = withLetters(2, "A: b\r\n\r\nc");
  assertEquals(say(client, "1 FETCH 3 FLAGS"), ["1 BAD No such message"]);
  assertEquals(say(client, "2 FETCH 1:3 FLAGS"), ["2 BAD No such message"]);
  assertEquals(
    say(client, "3 UID FETCH 3:4294967295 FLAGS"),
    ["* 2 FETCH (UID 2 FLAGS (\\Recent))", "3 OK Done"].slice(1),
  );
  assertEquals(say(client, "4 UID FETCH 7 FLAGS"), ["4 OK Done"]);
  assertEquals(say(client, "5 FETCH 0 FLAGS")[0]?.slice(0, 5), "5 BAD");
  assertEquals(say(client, "6 FETCH 2:* (UID)"), ["* 2 FETCH (UID 2)", "6 OK Done"]);
  const none = loggedIn(new FakeMailboxes());
  say(none, "1 SELECT INBOX");
  assertEquals(say(none, "2 FETCH 1:* FLAGS"), ["2 OK Done"]);
});

Deno.test("PARTIAL tells the nth to the mth of a set, from either end", () => {
  const { client } = withLetters(5, "A: b\r\n\r\nc");
  const uids = (line: string) => say(client, line).flatMap((each) => /UID (\d+)/.exec(each)?.[1] ?? []);
  assertEquals(uids("1 UID FETCH 2:5 (UID) (PARTIAL 1:2)"), ["2", "3"]);
  assertEquals(uids("2 UID FETCH 2:5 (UID) (PARTIAL -1:-2)"), ["4", "5"]);
  assertEquals(uids("3 UID FETCH 2:5 (UID) (PARTIAL 9:12)"), []);
  assertEquals(say(client, "4 FETCH 1:5 (UID) (PARTIAL 1:2)"), ["4 BAD PARTIAL needs UID FETCH"]);
});

Deno.test("CHANGEDSINCE tells what changed with MODSEQ, VANISHED what is gone", () => {
  const { client } = withLetters(3, "A: b\r\n\r\nc");
  assertEquals(say(client, "1 UID FETCH 1:* FLAGS (CHANGEDSINCE 3)"), [
    "* 3 FETCH (UID 3 FLAGS (\\Recent) MODSEQ (4))",
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 UID FETCH 1:* FLAGS (CHANGEDSINCE 3 VANISHED)"), [
    "2 BAD VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC",
  ]);
  say(client, "3 ENABLE QRESYNC", "4 STORE 1:2 +FLAGS.SILENT (\\Deleted)", "5 EXPUNGE");
  assertEquals(say(client, "6 UID FETCH 1:* FLAGS (CHANGEDSINCE 4 VANISHED)"), [
    "* VANISHED (EARLIER) 1:2",
    "6 OK Done",
  ]);
});

Deno.test("a message that others removed meanwhile is left out, and the end says so", () => {
  const { client, mailboxes } = withLetters(2, "A: b\r\n\r\nc");
  other(mailboxes, "STORE 1 +FLAGS.SILENT (\\Deleted)");
  other(mailboxes, "EXPUNGE");
  assertEquals(say(client, "1 FETCH 1:2 (UID BODY.PEEK[TEXT])"), [
    "* 2 FETCH (UID 2 BODY[TEXT] {1}",
    "c)",
    "1 NO [EXPUNGEISSUED] Some messages are gone",
  ]);
});

Deno.test("what cannot be read is left out, and the end says why", () => {
  const { client, mailboxes } = withLetters(1, "A: b\r\n\r\nc");
  for (
    const [kind, end] of [
      ["corrupt", "1 NO [CORRUPTION] Some messages are damaged"],
      ["deadline", "1 NO [UNAVAILABLE] Some messages cannot be read now, try again later"],
      ["not_found", "1 NO [EXPUNGEISSUED] Some messages are gone"],
    ] as const
  ) {
    mailboxes.failures.set("mailbox.read", new Failure(kind, "test"));
    assertEquals(say(client, "1 FETCH 1 (UID BODY.PEEK[])"), ["* 1 FETCH (UID 1)", end]);
  }
});

Deno.test("a message whose rest cannot be read ends the session, so that nothing passes for it", () => {
  const { client, mailboxes } = withLetters(1, `A: b\r\n\r\n${"x".repeat(100)}`);
  const small = loggedIn(mailboxes, { limits: { readBytesMax: 16 } });
  say(small, "1 SELECT INBOX");
  let reads = 0;
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.read" && ++reads === 3) throw new Failure("disk", "test");
    return answer(name, request);
  };
  const lines = say(small, "2 FETCH 1 BODY.PEEK[]", "3 NOOP");
  assertEquals(small.session.phase, "closed");
  assert(!lines.some((line) => line.startsWith("2 ") || line.startsWith("3 ")));
  assertEquals(client.session.phase, "selected");
});

Deno.test("a slow reader is waited for: no more than the limits lies about, however much is asked for", () => {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < 20; i++) mailboxes.deliver("INBOX", `A: b\r\n\r\n${"x".repeat(10_000)}`);
  const client = loggedIn(mailboxes, { limits: { readBytesMax: 1_000, outputBytesMax: 4_000 } });
  say(client, "1 SELECT INBOX");
  let waits = 0;
  let lying = 0;
  let lyingMax = 0;
  const perform = (first: readonly ImapAction[]) => {
    const todo = [...first];
    for (let action = todo.shift(); action !== undefined; action = todo.shift()) {
      if (action.type === "send") lying += action.data.length;
      // What was sent before a question has left before it is answered.
      if (action.type === "pause" || action.type === "ask") {
        lying = 0;
        waits++;
      }
      if (action.type === "pause") {
        todo.push(...client.session.resumed());
      } else if (action.type === "ask") {
        const reply = mailboxes.answer(action.name as "mailbox.read", action.request as never);
        todo.push(...client.session.answered({ type: "reply", reply }));
      }
      lyingMax = Math.max(lyingMax, lying);
    }
  };
  perform(client.session.receive(utf8("2 FETCH 1:20 BODY.PEEK[]\r\n")));
  assert(waits > 40, `${waits} waits`);
  assertLessOrEqual(lyingMax, 4_000 + 1_000 + 200);
});

Deno.test("bytes of any kind in a body stay what they are", () => {
  const mailboxes = new FakeMailboxes();
  const body = Uint8Array.from({ length: 255 }, (_, i) => i + 1);
  const client = loggedIn(mailboxes);
  const size = body.length + 8;
  client.receive(concat([utf8(`1 APPEND INBOX {${size}+}\r\nA: b\r\n\r\n`), body, utf8("\r\n2 SELECT INBOX\r\n")]));
  client.take();
  client.receive(utf8("3 FETCH 1 BODY.PEEK[TEXT]\r\n"));
  const sent = client.take();
  const start = latin1(sent).indexOf("}\r\n") + 3;
  assertEquals(sent.slice(start, start + body.length), body);
});

const ENCODED = [
  "Content-Type: multipart/mixed; boundary=x",
  "",
  "--x",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: quoted-printable",
  "",
  "Gr=C3=BC=C3=9Fe,",
  "  Anna",
  "--x",
  "Content-Transfer-Encoding: base64",
  "",
  "AAEC",
  "--x",
  "Content-Transfer-Encoding: x-secret",
  "",
  "?",
  "--x--",
  "",
].join("\r\n");

Deno.test("BINARY is the part without its encoding, a literal8 when there is NUL in it", () => {
  const { client } = withLetters(1, ENCODED);
  const text = latin1(utf8("Gr\u00fc\u00dfe,\r\n  Anna"));
  assertEquals(item(client, "BINARY.PEEK[1]"), literal("BINARY[1]", text));
  assertEquals(item(client, "BINARY.PEEK[1]<2.3>"), literal("BINARY[1]<2>", text.slice(2, 5)));
  assertEquals(item(client, "BINARY.SIZE[1]"), `BINARY.SIZE[1] ${text.length}`);
  assertEquals(item(client, "BINARY.PEEK[2]"), "BINARY[2] ~{3}\r\n\0\x01\x02");
  assertEquals(item(client, "BINARY.PEEK[]"), literal("BINARY[]", ENCODED));
  assertEquals(item(client, "BINARY.PEEK[9]"), "BINARY[9] NIL");
  assertEquals(say(client, "1 FETCH 1 (UID BINARY[3])"), [
    "* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))",
    "1 NO [UNKNOWN-CTE] Some parts cannot be decoded",
  ]);
  assertEquals(client.session.bufferedBytes, 0);
});

Deno.test("PREVIEW shows the text of a message in one line, and nothing of one without text", () => {
  const { client, mailboxes } = withLetters(1, ENCODED);
  assertEquals(item(client, "PREVIEW"), `PREVIEW ${literal("", latin1(utf8("Gr\u00fc\u00dfe, Anna"))).trimStart()}`);
  say(client, "1 ENABLE UTF8=ACCEPT");
  assertEquals(item(client, "PREVIEW (LAZY)"), `PREVIEW "${latin1(utf8("Gr\u00fc\u00dfe, Anna"))}"`);
  mailboxes.deliver("INBOX", "Content-Type: image/png\r\n\r\nx");
  assertEquals(say(client, "2 NOOP", "3 FETCH 2 PREVIEW").slice(-2), ['* 2 FETCH (PREVIEW "")', "3 OK Done"]);
});

Deno.test("first bytes that come with the rows change nothing but how often is asked", () => {
  const items =
    "(UID BODY.PEEK[] BODY.PEEK[2.1] BODY.PEEK[HEADER.FIELDS (Subject)] BINARY.PEEK[1] PREVIEW BODY.PEEK[]<3.9>)";
  for (const headBytes of [1, 40, 100_000]) {
    const mailboxes = new FakeMailboxes();
    mailboxes.deliver("INBOX", LETTER);
    mailboxes.deliver("INBOX", ENCODED);
    const client = loggedIn(mailboxes, { limits: { headBytes, headerBytes: headBytes, readBytesMax: 50 } });
    say(client, "1 SELECT INBOX");
    const [without, reads] = [say(client, `2 FETCH 1:2 ${items}`), mailboxes.asked.length];
    mailboxes.asked.length = 0;
    mailboxes.givesHeads = true;
    assertEquals(say(client, `2 FETCH 1:2 ${items}`), without);
    if (headBytes > 1_000) assertEquals(mailboxes.asked.filter((name) => name === "mailbox.read"), []);
    assertLessOrEqual(mailboxes.asked.length, reads);
  }
});

Deno.test("headers that come with the rows are told as they are when each is read, and of messages no more comes then", () => {
  const TEXTS = [
    LETTER,
    "Subject: hello\n",
    `A: b\r\nsubject : ${"folded\r\n ".repeat(20)}x\r\nFrom: c\r\n\r\nSubject: no header`,
    "From: a\nSubject: bare\n\nSubject: b",
    "\r\nSubject: body",
    "Subject: hello",
    `X-Long: ${"y".repeat(300)}\r\nSubject: a\r\n\r\nb`,
  ];
  const ITEMS = [
    "(UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From SUBJECT)])",
    "(BODY.PEEK[HEADER] UID)",
    "(RFC822.HEADER BODY.PEEK[HEADER.FIELDS.NOT (Subject X-None)])",
    "(ENVELOPE BODY.PEEK[HEADER.FIELDS (Subject)] INTERNALDATE)",
    "(BODY.PEEK[HEADER]<2.5> BODY.PEEK[HEADER.FIELDS (Subject)]<0.9> BODY.PEEK[HEADER.FIELDS (Subject)])",
    "(FLAGS BODY[HEADER])",
  ];
  for (const headerBytes of [1, 40, 100, 32_768]) {
    for (const items of ITEMS) {
      const [told, mailboxes] = [false, true].map((givesHeads) => {
        const mailboxes = new FakeMailboxes();
        mailboxes.givesHeads = givesHeads;
        for (const text of TEXTS) mailboxes.deliver("INBOX", text);
        const client = loggedIn(mailboxes, { limits: { headerBytes } });
        say(client, "1 SELECT INBOX");
        return { lines: say(client, `2 FETCH 1:* ${items}`), mailboxes };
      }).reduce<[string[][], FakeMailboxes[]]>(
        ([lines, all], each) => [[...lines, each.lines], [...all, each.mailboxes]],
        [[], []],
      );
      assertEquals(told[1], told[0], items);
      const reads = mailboxes[1]!.asked.filter((name) => name === "mailbox.read").length;
      if (headerBytes > 1_000) assertEquals(reads, 0, items);
      else assertEquals(reads > 0, true, items);
    }
  }
});

Deno.test("envelopes and body structures are told the same, whether they come apart or in whole indexes, and where they are missing", () => {
  const ITEMS = ["(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)", "(BODYSTRUCTURE ENVELOPE)"];
  for (const items of ITEMS) {
    const told = [false, true].map((apart) => {
      const { client, mailboxes } = withLetters(2);
      mailboxes.apart = apart;
      mailboxes.deliver("INBOX", "Subject: x\r\n\r\ny");
      mailboxes.deliver("INBOX", LETTER);
      say(client, "0 NOOP");
      const plain = say(client, `1 FETCH 1:* ${items}`);
      assertEquals(mailboxes.asked.filter((name) => name === "mailbox.read"), []);
      // An index that is not there is made of the message.
      mailboxes.keepsIndex = false;
      assertEquals(say(client, `1 FETCH 1:* ${items}`), plain);
      assertEquals(mailboxes.asked.includes("mailbox.read"), true);
      return plain;
    });
    assertEquals(told[0], told[1]);
    assertEquals(told[0]?.length, 5);
  }
});

Deno.test("what lists show is asked for together, and with more of a message the whole index is", () => {
  const { client, mailboxes } = withLetters(1);
  const asked: unknown[] = [];
  const answer: FakeMailboxes["answer"] = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.page") asked.push((request as unknown as ImapAsks["mailbox.page"]["request"]).index);
    return answer(name, request);
  };
  for (const items of ["ENVELOPE", "ENVELOPE BODYSTRUCTURE", "ENVELOPE BODY", "ENVELOPE BODYSTRUCTURE BODY", "FULL"]) {
    say(client, `1 FETCH 1 ${items === "FULL" ? items : `(${items})`}`);
  }
  say(client, "1 FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[])", "1 FETCH 1 (ENVELOPE BODYSTRUCTURE PREVIEW)");
  assertEquals(asked, ["envelope", "listed", "all", "all", "all", "all", "all"]);
});

Deno.test("for headers nothing else of a message is asked for, and the index only where the header does not come", () => {
  const { client, mailboxes } = withLetters(1);
  const asked: unknown[] = [];
  const answer: FakeMailboxes["answer"] = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.page") {
      const { header, index, headBytes } = request as unknown as ImapAsks["mailbox.page"]["request"];
      asked.push([header, index, headBytes > 0]);
    }
    return answer(name, request);
  };
  for (
    const items of ["RFC822.HEADER", "(ENVELOPE BODY.PEEK[HEADER])", "BODY.PEEK[1]", "BODY.PEEK[2.HEADER]", "FLAGS"]
  ) {
    say(client, `1 FETCH 1 ${items}`);
  }
  assertEquals(asked, [
    [true, "lacking", true],
    [true, "all", true],
    [false, "all", true],
    [false, "all", true],
    [false, "none", false],
  ]);
});

Deno.test("a page counts as memory while it is told, and no longer", () => {
  const mailboxes = new FakeMailboxes();
  mailboxes.givesHeads = true;
  for (let i = 0; i < 20; i++) mailboxes.deliver("INBOX", LETTER);
  // The client has to be waited for amid the page.
  const client = loggedIn(mailboxes, { limits: { outputBytesMax: 1_000 } });
  say(client, "s SELECT INBOX");
  assertEquals(client.pageMax, 0);
  say(client, "1 FETCH 1:* (FLAGS BODY.PEEK[TEXT])");
  assert(client.pageMax > 2 * LETTER.length);
  assertEquals(client.session.pageBytes, 0);
});

Deno.test("of rows only those columns are asked for that are told, and each item says the same with all others as alone", () => {
  const SHORT = ["UID", "FLAGS", "MODSEQ", "RFC822.SIZE", "INTERNALDATE", "SAVEDATE", "EMAILID"];
  const { modSeq, size, internalDateMs, saved, content } = RowColumn;
  const COLUMNS = [0, 0, modSeq, size, internalDateMs, saved, content];
  const { mailboxes, client } = withLetters(1);
  const alone = SHORT.map((name) => item(client, name));
  const forms: unknown[] = [];
  const answer: FakeMailboxes["answer"] = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if ("form" in request) forms.push(request.form);
    return answer(name, request);
  };
  for (let some = 1; some < 1 << SHORT.length; some++) {
    const chosen = SHORT.flatMap((_, i) => (some & (1 << i)) === 0 ? [] : [i]);
    const names = chosen.map((i) => SHORT[i]).join(" ");
    assertEquals(item(client, names), chosen.map((i) => alone[i]!).join(" "));
    assertEquals(forms.pop(), chosen.reduce((form, i) => form | COLUMNS[i]!, 0), names);
  }
  say(client, "1 FETCH 1 FAST", "2 FETCH 1 (FLAGS ENVELOPE)", "3 FETCH 1 (FLAGS BODY[])", "4 FETCH 1 (FLAGS BODY[])");
  assertEquals(forms, [size | internalDateMs, ALL_COLUMNS, ALL_COLUMNS, ALL_COLUMNS]);
});
