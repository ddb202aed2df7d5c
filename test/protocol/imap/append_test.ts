import { assertEquals, assertLessOrEqual } from "@std/assert";
import { utf8 } from "../../../src/base/bytes.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import type { MailboxAsks } from "../../../src/mail/mailbox_ask.ts";
import { readIndex } from "../../../src/mime/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

function user(limits = {}) {
  const mailboxes = new FakeMailboxes();
  return { mailboxes, client: loggedIn(mailboxes, { limits }) };
}

const bodies = (mailboxes: FakeMailboxes, name = "INBOX") => mailboxes.messages(name).map(({ bytes }) => latin1(bytes));

Deno.test("a message is taken after a go-ahead or without, with its flags and date", () => {
  const { client, mailboxes } = user();
  assertEquals(say(client, '1 APPEND INBOX (\\Seen $Work) " 5-Feb-2026 10:00:00 +0100" {5}'), ["+ OK"]);
  assertEquals(say(client, "hello"), ["1 OK [APPENDUID 1001 1] Appended"]);
  assertEquals(say(client, "2 APPEND INBOX {5+}", "world"), ["2 OK [APPENDUID 1001 2] Appended"]);
  assertEquals(bodies(mailboxes), ["hello", "world"]);
  const [first] = mailboxes.messages("INBOX");
  assertEquals([first?.flags, first?.keywords], [1, ["$Work"]]);
  assertEquals(first?.internalDateMs, Date.UTC(2026, 1, 5, 9));
});

Deno.test("several messages of one command are stored together", () => {
  const { client, mailboxes } = user();
  assertEquals(say(client, "1 APPEND INBOX {3+}", "one (\\Seen) {3+}", "two {5+}", "three"), [
    "1 OK [APPENDUID 1001 1:3] Appended",
  ]);
  assertEquals(bodies(mailboxes), ["one", "two", "three"]);
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.append").length, 1);
  assertEquals(say(client, "2 APPEND INBOX {3+}", "one {0+}", ""), ["2 NO [CANNOT] An empty message is none"]);
  assertEquals(bodies(mailboxes).length, 3);
});

Deno.test("into the selected mailbox: the message is told before the OK", () => {
  const { client } = user();
  say(client, "1 SELECT INBOX");
  assertEquals(say(client, "2 APPEND INBOX {5+}", "hello"), [
    "* 1 EXISTS",
    "* 1 RECENT",
    "2 OK [APPENDUID 1001 1] Appended",
  ]);
});

Deno.test("what an APPEND brings with it into the selected mailbox is not asked for, and told the same", () => {
  const { client, mailboxes } = user();
  mailboxes.bringsNews = true;
  say(client, "1 SELECT INBOX");
  mailboxes.asked.length = 0;
  assertEquals(say(client, "2 APPEND INBOX {5+}", "hello"), [
    "* 1 EXISTS",
    "* 1 RECENT",
    "2 OK [APPENDUID 1001 1] Appended",
  ]);
  assertEquals(say(client, "3 NOOP"), ["3 OK Done"]);
  assertEquals(say(client, "4 APPEND Drafts {5+}", "hello").length, 1);
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.append").length, 2);
  assertEquals(mailboxes.asked.indexOf("mailbox.news"), 1);
  say(client, "5 NOTIFY SET (personal (MessageNew MessageExpunge))");
  assertEquals(say(client, "6 APPEND INBOX {5+}", "hello"), ["6 OK [APPENDUID 1001 2] Appended"]);
});

Deno.test("a message of the limit's size is taken, one byte more is refused before it is sent", () => {
  const { client, mailboxes } = user({ appendBytesMax: 10, appendTotalBytesMax: 15 });
  assertEquals(say(client, "1 APPEND INBOX {11}"), ["1 NO [TOOBIG] Message too big"]);
  assertEquals(say(client, "2 APPEND INBOX {10+}", "0123456789"), ["2 OK [APPENDUID 1001 1] Appended"]);
  assertEquals(say(client, "3 APPEND INBOX {8+}", "01234567 {8+}", "01234567"), [
    "3 NO [TOOBIG] Messages too big together",
  ]);
  assertEquals(bodies(mailboxes).length, 1);
  assertEquals(client.session.bufferedBytes, 0);
});

Deno.test("a refused message that comes all the same is never read as a command", () => {
  const { client, mailboxes } = user({ appendBytesMax: 10 });
  const evil = "x LOGOUT\r\ny CREATE evil\r\n";
  assertEquals(say(client, `1 APPEND INBOX {${evil.length}+}`, `${evil}`, "2 NOOP"), [
    "1 NO [TOOBIG] Message too big",
    "2 OK Done",
  ]);
  for (const bad of ["(\\Bogus", '"32-Foo-2026 10:00:00 +0000"', "(((("]) {
    const lines = say(client, `3 APPEND INBOX ${bad} {${evil.length}+}`, evil, "4 NOOP");
    assertEquals(lines.map((line) => line.slice(0, 5)), ["3 BAD", "4 OK "], bad);
  }
  assertEquals(mailboxes.asked.includes("mailbox.create"), false);
  assertEquals(client.session.phase, "authenticated");
});

Deno.test("a terabyte that is announced costs nothing; one that is sent unasked ends the session", () => {
  const { client } = user();
  assertEquals(say(client, "1 APPEND INBOX {1099511627776}"), ["1 NO [TOOBIG] Message too big"]);
  assertEquals(say(client, "2 NOOP"), ["2 OK Done"]);
  assertEquals(say(client, "3 APPEND INBOX {1099511627776+}").at(-1)?.slice(0, 5), "* BYE");
  assertEquals(client.session.phase, "closed");
  assertLessOrEqual(client.heldMax, 1_000);
});

Deno.test("no such mailbox: TRYCREATE, for a big message before its bytes are sent", () => {
  const { client } = user();
  assertEquals(say(client, "1 APPEND nowhere {5+}", "hello"), ["1 NO [TRYCREATE] No such mailbox"]);
  assertEquals(say(client, "2 APPEND nowhere {1000000}"), ["2 NO [TRYCREATE] No such mailbox"]);
  assertEquals(say(client, "3 NOOP"), ["3 OK Done"]);
});

Deno.test("NUL is taken in a literal8 only", () => {
  const { client, mailboxes } = user();
  assertEquals(say(client, "1 APPEND INBOX {3+}", "a\0b"), ["1 NO [CANNOT] The message holds NUL"]);
  assertEquals(say(client, "2 APPEND INBOX ~{3+}", "a\0b"), ["2 OK [APPENDUID 1001 1] Appended"]);
  assertEquals(bodies(mailboxes), ["a\0b"]);
});

Deno.test("strangers cannot append, and what they send is thrown away", () => {
  const { mailboxes } = user();
  const client = loggedIn(mailboxes);
  say(client, "1 UNAUTHENTICATE");
  assertEquals(say(client, "2 APPEND INBOX {5}"), ["2 BAD Not in this state"]);
  assertEquals(bodies(mailboxes), []);
});

Deno.test("a message that comes byte by byte is held in few pieces", () => {
  const { client, mailboxes } = user();
  client.receive(utf8("1 APPEND INBOX {20000+}\r\n"));
  const bytes = utf8("x".repeat(20_000));
  for (let at = 0; at < bytes.length; at++) client.receive(bytes.slice(at, at + 1));
  assertLessOrEqual(client.heldMax, 70_000);
  assertEquals(say(client, ""), ["1 OK [APPENDUID 1001 1] Appended"]);
  assertEquals(bodies(mailboxes)[0]?.length, 20_000);
});

Deno.test("REPLACE puts the new message in the place of the old one, and tells both", () => {
  const { client, mailboxes } = user();
  mailboxes.deliver("INBOX", "old");
  say(client, "1 SELECT INBOX");
  assertEquals(say(client, "2 REPLACE 1 INBOX (\\Draft) {3+}", "new"), [
    "* OK [APPENDUID 1001 2] Appended",
    "* 1 EXPUNGE",
    "* 1 EXISTS",
    "2 OK Replaced",
  ]);
  assertEquals(bodies(mailboxes), ["new"]);
  assertEquals(say(client, "3 UID REPLACE 1 INBOX {3+}", "new"), ["3 NO [EXPUNGEISSUED] The message is gone"]);
  assertEquals(say(client, "4 REPLACE 7 INBOX {3+}", "new"), ["4 BAD No such message"]);
});

Deno.test("a message counts as held until the owner has answered", () => {
  const { client } = user();
  const actions = client.session.receive(utf8(`1 APPEND INBOX {5000+}\r\n${"x".repeat(5_000)}\r\n`));
  assertEquals(actions.at(-1)?.type, "ask");
  assertEquals(client.session.settling, true);
  assertLessOrEqual(5_000, client.session.bufferedBytes);
  client.perform(actions);
  assertEquals(client.session.bufferedBytes, 0);
});

Deno.test("where memory is short a message is given up, and its command refused at its end", () => {
  const { client, mailboxes } = user();
  say(client, "1 APPEND INBOX {10+}", "abc");
  client.session.memoryFull();
  assertLessOrEqual(client.session.bufferedBytes, 30);
  assertEquals(say(client, "fgh", " {3+}", "abc"), ["1 NO [UNAVAILABLE] Too busy, try again later"]);
  assertEquals(bodies(mailboxes), []);
  client.session.memoryFull();
  assertEquals(say(client, "2 APPEND INBOX {3+}", "abc"), ["2 OK [APPENDUID 1001 1] Appended"]);
  // A message that waits for a go-ahead is told at once.
  assertEquals(say(client, "3 APPEND INBOX {3}"), ["+ OK"]);
  client.session.memoryFull();
  assertEquals(say(client, "abc {3}"), ["3 NO [UNAVAILABLE] Too busy, try again later"]);
  assertEquals(say(client, "4 NOOP").at(-1), "4 OK Done");
});

Deno.test("a message above 4 MB has an index when it is stored, made in steps between which others go on", () => {
  const { client, mailboxes } = user();
  const indexes: (Uint8Array | null)[] = [];
  const answer = mailboxes.answer.bind(mailboxes);
  mailboxes.answer = (name, request) => {
    if (name === "mailbox.append") {
      const { messages } = request as MailboxAsks["mailbox.append"]["request"];
      indexes.push(...messages.map(({ index }) => index));
    }
    return answer(name, request);
  };
  let pauses = 0;
  const resumed = client.session.resumed.bind(client.session);
  client.session.resumed = () => {
    pauses++;
    return resumed();
  };
  const body = "Subject: long\r\n\r\n".padEnd(5_000_000, "y");
  assertEquals(say(client, `1 APPEND INBOX {${body.length}+}`, body), ["1 OK [APPENDUID 1001 1] Appended"]);
  assertEquals(indexes.map((index) => readIndex(index!)?.size), [body.length]);
  assertEquals(pauses, Math.floor(body.length / 262_144));
});

Deno.test("of a message without an index one is made as its pieces are read, of which none is held", () => {
  const { client, mailboxes } = user();
  mailboxes.keepsIndex = false;
  mailboxes.deliver("INBOX", `Subject: long\r\nContent-Type: text/plain\r\n\r\n${"z".repeat(3_000_000)}`);
  say(client, "1 SELECT INBOX");
  assertEquals(say(client, "2 FETCH 1 BODY"), [
    `* 1 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3000000 0))`,
    "2 OK Done",
  ]);
  assertLessOrEqual(client.heldMax, 300_000);
});
