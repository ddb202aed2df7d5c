/** CATENATE (RFC 4469): messages made of texts and of what is there already. */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Failure } from "../../../src/base/failure.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import type { MailboxAsks } from "../../../src/mail/mailbox_ask.ts";
import { parseRights } from "../../../src/mail/rights.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, replayUser, say } from "./support.ts";

const LETTER = [
  "Subject: parts\r\nDate: Mon, 2 Feb 2026 10:00:00 +0000\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n",
  "--b\r\nContent-Type: text/plain\r\n\r\nfirst\r\n",
  "--b\r\nContent-Type: text/html\r\n\r\n<p>second</p>\r\n--b--\r\n",
].join("");
const SHARED = "Other Users/bert@a.example/INBOX";

function user(limits = {}) {
  const mailboxes = new FakeMailboxes();
  mailboxes.deliver("INBOX", LETTER);
  mailboxes.make("Drafts");
  return { mailboxes, client: loggedIn(mailboxes, { limits }) };
}

const last = (mailboxes: FakeMailboxes, name = "Drafts") => latin1(mailboxes.messages(name).at(-1)!.bytes);

/** What one URL brings. */
function brought(url: string): string {
  const { client, mailboxes } = user();
  const [line] = say(client, `1 APPEND Drafts CATENATE (TEXT {1+}`, `: URL "${url}")`);
  return line!.startsWith("1 OK ") ? last(mailboxes).slice(1) : line!;
}

Deno.test("texts and parts of messages become one message, in their order", () =>
  replayUser(
    `
    C: 1 APPEND Drafts (\\Draft) CATENATE (URL "/INBOX;UIDVALIDITY=1001/;UID=1/;section=HEADER" TEXT {5}
    S: + OK
    C: one
    C:  URL "/INBOX/;UID=1/;Section=1" TEXT {3+}
    C: two URL {37+}
    C: /INBOX/;UID=1/;SECTION=2/;PARTIAL=3.2)
    S: 1 OK [APPENDUID 1002 1] Appended
    C: 2 EXAMINE Drafts
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * OK [PERMANENTFLAGS ()] Kept
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * OK [UNSEEN 1] First unseen
    S: * OK [UIDVALIDITY 1002] UIDs valid
    S: * OK [UIDNEXT 2] Predicted next UID
    S: * OK [HIGHESTMODSEQ 2] Highest
    S: * OK [ANNOTATIONS READ-ONLY] Annotations
    S: * OK [MAILBOXID (M2)] Id
    S: * OK [URLMECH INTERNAL] Mechanisms
    S: 2 OK [READ-ONLY] Selected
    C: 3 FETCH 1 (FLAGS BODY.PEEK[TEXT])
    S: * 1 FETCH (FLAGS (\\Draft \\Recent) BODY[TEXT] {15}
    S: one
    S: firsttwose)
    S: 3 OK Done
    X: BADURL
    X: \\Seen)`,
    (mailboxes) => {
      mailboxes.deliver("INBOX", LETTER);
      mailboxes.make("Drafts");
    },
  ));

Deno.test("a URL brings what FETCH would of the same section", () => {
  assertEquals(brought("/INBOX/;UID=1"), LETTER);
  assertEquals(brought("/INBOX/;UID=1/;PARTIAL=9.5"), "parts");
  assertEquals(brought("/INBOX/;UID=1/;PARTIAL=9"), LETTER.slice(9));
  assertEquals(brought("/INBOX/;UID=1/;PARTIAL=100000.5"), "");
  assertEquals(brought("/inbox/;uid=1/;section=2.mime"), "Content-Type: text/html\r\n\r\n");
  assertEquals(brought("/INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=0.3"), "--b");
  assertEquals(brought("/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)"), "Subject: parts\r\n\r\n");
  const others = "Date: Mon, 2 Feb 2026 10:00:00 +0000\r\n\r\n";
  assertEquals(brought("/INBOX/;UID=1/;SECTION=HEADER.FIELDS.NOT%20(SUBJECT%20CONTENT-TYPE)"), others);
  assertEquals(brought("/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)/;PARTIAL=0.7"), "Subject");
});

Deno.test("a URL that names nothing fails the command and is told, and nothing is stored", () => {
  const { client, mailboxes } = user();
  mailboxes.make(SHARED);
  mailboxes.deliver(SHARED, "Subject: x\r\n\r\nsecret");
  mailboxes.rights.set(SHARED, parseRights("l")!);
  const bad = [
    ...["/INBOX/;UID=2", "/nowhere/;UID=1", "/INBOX;UIDVALIDITY=7/;UID=1", "/INBOX/;UID=1/;SECTION=3", "/INBOX"],
    ...["/INBOX/;UID=1/;SECTION=1.HEADER", "INBOX/;UID=1", ";UID=1", "", "/INBOX/;UID=1;URLAUTH=anonymous"],
    ...["imap://anna%40a.example@mail.example/INBOX/;UID=1", "//mail.example/INBOX/;UID=1", "/INBOX?ALL"],
    `/${encodeURI(SHARED)}/;UID=1`,
  ];
  for (const url of bad) {
    const lines = say(client, `1 APPEND Drafts CATENATE (TEXT {3+}`, `a:  URL "/INBOX/;UID=1" URL "${url}")`);
    assertEquals(lines, [`1 NO [BADURL ${url}] A URL names nothing that can be taken`]);
  }
  assertEquals(mailboxes.messages("Drafts").length, 0);
  mailboxes.rights.set(SHARED, parseRights("r")!);
  const [taken] = say(client, `2 APPEND Drafts CATENATE (URL "/${encodeURI(SHARED)}/;UID=1/;SECTION=TEXT")`);
  assertEquals([taken, last(mailboxes)], ["2 OK [APPENDUID 1002 1] Appended", "secret"]);
});

Deno.test("a URL that can name nothing is told before the text behind it is sent", () => {
  const { client, mailboxes } = user();
  const good = 'URL "/INBOX/;UID=1"';
  assertEquals(say(client, `1 APPEND Drafts CATENATE (${good} URL /INBOX ${good} TEXT {5}`), [
    "1 NO [BADURL /INBOX] A URL names nothing that can be taken",
  ]);
  assertEquals(say(client, `2 APPEND Drafts CATENATE (${good} TEXT {5}`), ["+ OK"]);
  assertEquals(say(client, `hello URL "imap://h/INBOX/;UID=1" TEXT {3+}`, "abc)", "3 NOOP"), [
    "2 NO [BADURL imap://h/INBOX/;UID=1] A URL names nothing that can be taken",
    "3 OK Done",
  ]);
  assertEquals(mailboxes.messages("Drafts").length + client.session.bufferedBytes, 0);
});

Deno.test("whatever a URL holds, its code is one line without brackets", () => {
  const { client } = user();
  const told = (url: string) =>
    say(client, `1 APPEND Drafts CATENATE (URL {${new TextEncoder().encode(url).length}+}`, `${url})`);
  assertEquals(told("]\r\n* BYE"), ["1 NO [BADURL %5D%0D%0A* BYE] A URL names nothing that can be taken"]);
  assertEquals(told("/ü\u{1f600}"), ["1 NO [BADURL /%C3%BC%F0%9F%98%80] A URL names nothing that can be taken"]);
  const [long] = told("x".repeat(60_000));
  assertEquals(long!.length, "1 NO [BADURL ] A URL names nothing that can be taken".length + 8_192);
});

Deno.test("several messages of one command may be made of parts, all or none", () => {
  const { client, mailboxes } = user();
  const lines = ["1 APPEND Drafts CATENATE (TEXT {3+}", 'a:  URL "/INBOX/;UID=1/;SECTION=1") (\\Seen) {3+}'];
  assertEquals(say(client, ...lines, 'b:c CATENATE (URL "/INBOX/;UID=1/;SECTION=HEADER")'), [
    "1 OK [APPENDUID 1002 1:3] Appended",
  ]);
  assertEquals(mailboxes.messages("Drafts").map(({ bytes }) => latin1(bytes).slice(0, 8)), [
    "a: first",
    "b:c",
    "Subject:",
  ]);
  assertEquals(
    say(client, "2 APPEND Drafts {3+}", 'b:c CATENATE (URL "/INBOX/;UID=9")')[0]!.slice(0, 11),
    "2 NO [BADUR",
  );
  assertEquals(mailboxes.messages("Drafts").length, 3);
  assertEquals(say(client, "3 APPEND Drafts CATENATE (TEXT {0+}", ' URL "/INBOX/;UID=1/;PARTIAL=999.1")'), [
    "3 NO [CANNOT] An empty message is none",
  ]);
});

Deno.test("REPLACE takes parts, also of the message that it replaces (RFC 8508 §4.2)", () => {
  const { client, mailboxes } = user();
  say(client, "1 SELECT INBOX");
  const replaced = say(client, "2 UID REPLACE 1 INBOX CATENATE (TEXT {11+}", 'To: mitzy\r\n URL "/INBOX/;UID=1")');
  assertEquals(replaced.filter((line) => !/EXISTS|RECENT/.test(line)), [
    "* OK [APPENDUID 1001 2] Appended",
    "* 1 EXPUNGE",
    "2 OK Replaced",
  ]);
  assertEquals(last(mailboxes, "INBOX"), `To: mitzy\r\n${LETTER}`);
  assertEquals(
    say(client, '3 REPLACE 1 INBOX CATENATE (URL "/INBOX/;UID=1")')[0],
    "3 NO [BADURL /INBOX/;UID=1] A URL names nothing that can be taken",
  );
  assertEquals(mailboxes.messages("INBOX").length, 1);
});

Deno.test("messages are made up to the limit, by texts, by URLs and by both; beyond it they are too big", () => {
  const limits = { appendBytesMax: LETTER.length + 3, appendTotalBytesMax: LETTER.length + 6 };
  const { client, mailboxes } = user(limits);
  const url = 'URL "/INBOX/;UID=1"';
  const last = () => mailboxes.messages("Drafts").length;
  assertEquals(say(client, `1 APPEND Drafts CATENATE (TEXT {3+}`, `a:  ${url})`)[0]!.slice(0, 5), "1 OK ");
  assertEquals(say(client, `2 APPEND Drafts CATENATE (TEXT {4+}`, `a:   ${url})`), ["2 NO [TOOBIG] Message too big"]);
  assertEquals(say(client, `3 APPEND Drafts CATENATE (${url} ${url})`), ["3 NO [TOOBIG] Message too big"]);
  const two = [`4 APPEND Drafts CATENATE (TEXT {3+}`, `a:  ${url}) CATENATE (TEXT {4+}`];
  assertEquals(say(client, ...two, "abcd)"), ["4 NO [TOOBIG] Messages too big together"]);
  // A text is refused before it is sent, once the texts alone are too many.
  say(client, "5 APPEND Drafts CATENATE (TEXT {300+}", `${"x".repeat(300)} TEXT {${LETTER.length}}`);
  assertEquals(last(), 1);
  assertEquals(client.session.bufferedBytes, 0);
});

Deno.test("a text that makes the message too big is refused before it is sent", () => {
  const { client } = user({ appendBytesMax: 10 });
  assertEquals(say(client, "1 APPEND Drafts CATENATE (TEXT {6+}", 'abcdef URL "/INBOX/;UID=1" TEXT {5}'), [
    "1 NO [TOOBIG] Message too big",
  ]);
  assertEquals(
    say(client, "2 APPEND Drafts CATENATE (TEXT {6+}", "abcdef TEXT {4+}", "abcd)")[0]!.slice(0, 5),
    "2 OK ",
  );
  assertEquals(
    say(client, "3 APPEND Drafts CATENATE (TEXT {6+}", "abcdef) CATENATE (TEXT {6+}", "abcdef)")[0]!.slice(0, 5),
    "3 OK ",
  );
});

Deno.test("a thousand URLs are taken, one more and thousands are not, and little is held", () => {
  const { client, mailboxes } = user();
  const urls = (count: number) => Array(count).fill('URL "/INBOX/;UID=1/;PARTIAL=0.1"').join(" ");
  assertEquals(say(client, `1 APPEND Drafts CATENATE (${urls(1_000)})`)[0]!.slice(0, 5), "1 OK ");
  assertEquals(last(mailboxes), "S".repeat(1_000));
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.readNamed").length, 1, "one look at one message");
  assertEquals(say(client, `2 APPEND Drafts CATENATE (${urls(1_001)})`), ["2 BAD [LIMIT] Too many parts"]);
  const lists = `CATENATE (${urls(501)}) CATENATE (${urls(500)})`;
  assertEquals(say(client, `3 APPEND Drafts ${lists}`), ["3 NO [LIMIT] Too many URLs"]);
  assertEquals(say(client, `4 APPEND Drafts ${Array(251).fill(`CATENATE (${urls(1)})`).join(" ")}`), [
    "4 NO [LIMIT] Too many messages",
  ]);
  assertEquals(say(client, `5 APPEND Drafts CATENATE (${urls(5_000)})`).at(-1)!.slice(0, 5), "5 BAD");
  assertEquals(mailboxes.messages("Drafts").length, 1);
});

Deno.test("five hundred texts cost no more than a moment, and one more is refused", () => {
  const { client, mailboxes } = user();
  const began = performance.now();
  const url = `URL "/INBOX/;UID=1/;PARTIAL=0.1"`;
  const head = `1 APPEND Drafts CATENATE (${Array(450).fill(url).join(" ")}`;
  const texts = (count: number) => " TEXT {1+}\r\nx".repeat(count);
  assertEquals(say(client, `${head}${texts(500)})`)[0]!.slice(0, 5), "1 OK ");
  assert(performance.now() - began < 2_000, `${performance.now() - began} ms`);
  assertEquals(last(mailboxes), "S".repeat(450) + "x".repeat(500));
  assertEquals(say(client, `${head}${texts(501)})`)[0]!.slice(0, 5), "1 BAD");
});

Deno.test("small pieces of many messages keep no more in memory than they are", () => {
  const { client, mailboxes } = user();
  const large = "x".repeat(60_000);
  for (let i = 0; i < 200; i++) mailboxes.deliver("INBOX", large);
  const urls = Array.from({ length: 200 }, (_, i) => `URL "/INBOX/;UID=${i + 2}/;PARTIAL=5.1"`);
  let pinned = 0;
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.append") {
      const { messages: [message] } = request as unknown as MailboxAsks["mailbox.append"]["request"];
      pinned = message!.parts.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
    }
    return answer(name, request);
  };
  assertEquals(say(client, `1 APPEND Drafts CATENATE (${urls.join(" ")})`)[0]!.slice(0, 5), "1 OK ");
  assertEquals(last(mailboxes), "x".repeat(200));
  assert(pinned > 0 && pinned <= 300_000, `${pinned}`);
  assertLessOrEqual(pinned, client.heldMax, "and all of it is counted");
});

Deno.test("what URLs bring counts as held, and is given up where memory is short", () => {
  const { client, mailboxes } = user({ headBytes: 8, readBytesMax: 16 });
  let steps = 0;
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.readNamed" && ++steps === 3) {
      assertLessOrEqual(16, client.session.bufferedBytes);
      client.session.memoryFull();
    }
    return answer(name, request);
  };
  const command = ' APPEND Drafts CATENATE (URL "/INBOX/;UID=1")';
  assertEquals(say(client, `1${command}`), ["1 NO [UNAVAILABLE] Too busy, try again later"]);
  assertEquals([mailboxes.messages("Drafts").length, client.session.bufferedBytes], [0, 0]);
  client.session.memoryFull();
  assertEquals(say(client, `2${command}`), ["2 OK [APPENDUID 1002 1] Appended"]);
  assertEquals(last(mailboxes), LETTER);
});

Deno.test("a message without an index is read for one, and no more is held than it needs", () => {
  const { client, mailboxes } = user({ headBytes: 8, readBytesMax: 16 });
  mailboxes.keepsIndex = false;
  const part = 'URL "/INBOX/;UID=1/;SECTION=1"';
  assertEquals(say(client, `1 APPEND Drafts CATENATE (${Array(20).fill(part).join(" ")})`)[0]!.slice(0, 5), "1 OK ");
  assertEquals(last(mailboxes), "first".repeat(20));
  // A block of 1 KB for each; the message is read for its index once, and let go.
  assertLessOrEqual(client.heldMax, 20 * 1_024 + 1_000);
});

Deno.test("a disk that fails is no bad URL", () => {
  const { client, mailboxes } = user();
  mailboxes.failures.set("mailbox.readNamed", new Failure("disk", "broken"));
  assertEquals(say(client, '1 APPEND Drafts CATENATE (URL "/INBOX/;UID=1")')[0]!.slice(0, 20), "1 NO [UNAVAILABLE] T");
  mailboxes.failures.set("mailbox.readNamed", new Failure("corrupt", "broken"));
  assertEquals(say(client, '2 APPEND Drafts CATENATE (URL "/INBOX/;UID=1")')[0]!.slice(0, 17), "2 NO [CORRUPTION]");
});

Deno.test("NUL is taken in a literal8, and where a message has it already", () => {
  const { client, mailboxes } = user();
  assertEquals(say(client, "1 APPEND Drafts CATENATE (TEXT {3+}", "a\0b)"), ["1 NO [CANNOT] The message holds NUL"]);
  mailboxes.deliver("INBOX", "a\0b");
  assertEquals(say(client, '2 APPEND Drafts CATENATE (URL "/INBOX/;UID=2")'), ["2 OK [APPENDUID 1002 1] Appended"]);
  assertEquals(say(client, "3 APPEND Drafts CATENATE (UTF8 (~{4+}", "ü\0x))"), ["3 OK [APPENDUID 1002 2] Appended"]);
  assertEquals(say(client, "4 CAPABILITY")[0]!.split(" ").includes("CATENATE"), true);
});
