import { assertEquals } from "@std/assert";
import { parseRights } from "../../../src/mail/rights.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const SHARED = "Other Users/bert@a.example/INBOX";

function user(letters = "lrw") {
  const mailboxes = new FakeMailboxes();
  mailboxes.make(SHARED);
  mailboxes.rights.set(SHARED, parseRights(letters)!);
  return { mailboxes, client: loggedIn(mailboxes) };
}

Deno.test("entries of the account and of mailboxes are set, read without case, and removed by NIL (RFC 5464 §4.3)", () => {
  const { client } = user();
  const set = '1 SETMETADATA INBOX (/private/comment "my own" /shared/Comment "all\'s")';
  assertEquals(say(client, set), ["1 OK Done"]);
  assertEquals(say(client, '2 SETMETADATA "" (/private/vendor/x "s")'), ["2 OK Done"]);
  assertEquals(say(client, "3 GETMETADATA INBOX (/shared/comment /PRIVATE/comment /private/none)"), [
    '* METADATA INBOX (/shared/comment "all\'s" /private/comment "my own" /private/none NIL)',
    "3 OK Done",
  ]);
  assertEquals(say(client, '4 GETMETADATA "" /private/vendor/x'), [
    '* METADATA "" (/private/vendor/x "s")',
    "4 OK Done",
  ]);
  assertEquals(say(client, "5 SETMETADATA INBOX (/private/comment NIL)"), ["5 OK Done"]);
  assertEquals(say(client, "6 GETMETADATA INBOX /private/comment"), [
    "* METADATA INBOX (/private/comment NIL)",
    "6 OK Done",
  ]);
});

Deno.test("values may be literals, of several lines and with NUL, and come back as they were", () => {
  const { client } = user();
  assertEquals(
    say(client, "1 SETMETADATA INBOX (/shared/a {7+}", "a", "b", "\r /shared/b ~{3+}", "\0\x01\x02)").at(-1),
    "1 OK Done",
  );
  assertEquals(say(client, "2 GETMETADATA INBOX (/shared/a /shared/b)"), [
    "* METADATA INBOX (/shared/a {7}",
    "a",
    "b",
    "\r /shared/b ~{3}",
    "\0\x01\x02)",
    "2 OK Done",
  ]);
});

Deno.test("DEPTH goes one level or all the way down, and what is not there is not told", () => {
  const { client } = user();
  say(client, '1 SETMETADATA INBOX (/shared/v "0" /shared/v/a "1" /shared/v/a/b "2" /shared/vx "no")');
  assertEquals(
    say(client, "2 GETMETADATA (DEPTH 1) INBOX /shared/v")[0],
    '* METADATA INBOX (/shared/v "0" /shared/v/a "1")',
  );
  assertEquals(
    say(client, "3 GETMETADATA INBOX (DEPTH infinity) /shared/v")[0],
    '* METADATA INBOX (/shared/v "0" /shared/v/a "1" /shared/v/a/b "2")',
  );
  assertEquals(say(client, "4 GETMETADATA (DEPTH 1) INBOX /private"), ["4 OK Done"]);
});

Deno.test("MAXSIZE leaves long values out and tells the longest (RFC 5464 §4.2.1)", () => {
  const { client } = user();
  say(client, '1 SETMETADATA INBOX (/shared/a "12345" /shared/b "123456789")');
  assertEquals(say(client, "2 GETMETADATA (MAXSIZE 5) INBOX (/shared/a /shared/b)"), [
    '* METADATA INBOX (/shared/a "12345")',
    "2 OK [METADATA LONGENTRIES 9] Done",
  ]);
  assertEquals(say(client, "3 GETMETADATA (MAXSIZE 9) INBOX (/shared/a /shared/b)").at(-1), "3 OK Done");
});

Deno.test("a value at the limit is taken, one octet more is not, and nothing of that command is set", () => {
  const { client } = user();
  const value = (
    bytes: number,
  ) => [`1 SETMETADATA INBOX (/shared/x "y" /shared/a {${bytes}+}`, `${"z".repeat(bytes)})`];
  assertEquals(say(client, ...value(32_769)), ["1 NO [METADATA MAXSIZE 32768] A value is too long"]);
  assertEquals(say(client, "2 GETMETADATA INBOX /shared/x")[0], "* METADATA INBOX (/shared/x NIL)");
  assertEquals(say(client, ...value(32_768)), ["1 OK Done"]);
  const many = Array.from({ length: 11 }, (_, i) => `/shared/n${i} "x"`).join(" ");
  assertEquals(say(client, `3 SETMETADATA INBOX (${many})`), ["3 NO [METADATA TOOMANY] Too many entries"]);
});

Deno.test("entries that are neither private nor shared make no sense", () => {
  const { client } = user();
  assertEquals(say(client, "1 GETMETADATA INBOX /comment")[0]!.slice(0, 5), "1 BAD");
  assertEquals(say(client, '2 SETMETADATA INBOX (/shared "x")')[0]!.slice(0, 5), "2 BAD");
  assertEquals(say(client, '3 LIST "" * RETURN (METADATA (/x))')[0]!.slice(0, 5), "3 BAD");
});

Deno.test("private entries of another account's mailbox are not kept, and without rights there is nothing", () => {
  const { client, mailboxes } = user();
  assertEquals(say(client, `1 SETMETADATA "${SHARED}" (/private/a "x")`), [
    "1 NO [METADATA NOPRIVATE] Private entries are for mailboxes of one's own",
  ]);
  mailboxes.rights.set(SHARED, parseRights("lx")!);
  assertEquals(say(client, `2 GETMETADATA "${SHARED}" /shared/a`), ["2 NO [NOPERM] Not allowed"]);
  assertEquals(say(client, "3 GETMETADATA nowhere /shared/a"), ["3 NO [NONEXISTENT] No such mailbox"]);
  assertEquals(say(client, '4 SETMETADATA nowhere (/shared/a "x")'), ["4 NO [NONEXISTENT] No such mailbox"]);
});

Deno.test("LIST tells annotations of each mailbox that is there, after its line (RFC 9590)", () => {
  const { client } = user();
  say(client, "1 CREATE a/b", '2 SETMETADATA a/b (/shared/color "red")', "3 SUBSCRIBE gone", `4 DELETE a`);
  assertEquals(say(client, '5 LIST "" (a a/* gone) RETURN (METADATA (/Shared/color))'), [
    '* LIST (\\NonExistent \\HasChildren) "/" a',
    '* LIST (\\HasNoChildren) "/" a/b',
    '* METADATA a/b (/shared/color "red")',
    "5 OK Done",
  ]);
});

Deno.test("annotations of many mailboxes are asked for in pages", () => {
  const { client, mailboxes } = user();
  for (let i = 0; i < 40; i++) mailboxes.make(`m${i}`);
  const lines = say(client, '1 LIST "" m% RETURN (METADATA (/shared/x))');
  assertEquals(lines.filter((line) => line.startsWith("* METADATA")).length, 40);
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.metadata").length, 3);
});
