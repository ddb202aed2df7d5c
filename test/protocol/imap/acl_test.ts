import { assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/flag.ts";
import { parseRights, type Rights } from "../../../src/mail/rights.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const SHARED = "Other Users/bert@a.example/INBOX";

function rights(text: string): Rights {
  return parseRights(text)!;
}

/** Bert's INBOX, with a message, and what anna may do there. */
function shared(letters: string) {
  return (mailboxes: FakeMailboxes) => {
    mailboxes.make(SHARED);
    mailboxes.deliver(SHARED, "Subject: one\r\n\r\nHello\r\n");
    mailboxes.rights.set(SHARED, rights(letters));
  };
}

function user(letters: string) {
  const mailboxes = new FakeMailboxes();
  shared(letters)(mailboxes);
  return { mailboxes, client: loggedIn(mailboxes) };
}

Deno.test("rights are given, added to, taken from and removed; GETACL tells the owner's, and the old ones (RFC 4314 §2.1.1)", () => {
  const { client } = user("lr");
  assertEquals(say(client, "1 GETACL INBOX"), ["* ACL INBOX anna@a.example lrswipkxteancd", "1 OK Done"]);
  assertEquals(say(client, "2 SETACL INBOX bert@a.example lrd"), ["2 OK Done"]);
  assertEquals(say(client, "3 SETACL INBOX bert@a.example +k"), ["3 OK Done"]);
  assertEquals(say(client, "4 SETACL INBOX bert@a.example -e"), ["4 OK Done"]);
  assertEquals(say(client, "5 SETACL INBOX -bert@a.example w", "6 SETACL INBOX anyone l"), ["5 OK Done", "6 OK Done"]);
  assertEquals(say(client, "7 GETACL INBOX"), [
    "* ACL INBOX anna@a.example lrswipkxteancd bert@a.example lrktcd -bert@a.example w anyone l",
    "7 OK Done",
  ]);
  assertEquals(say(client, "8 DELETEACL INBOX bert@a.example", "9 DELETEACL INBOX nobody@a.example"), [
    "8 OK Done",
    "9 OK Done",
  ]);
  assertEquals(
    say(client, "a GETACL INBOX")[0],
    "* ACL INBOX anna@a.example lrswipkxteancd -bert@a.example w anyone l",
  );
});

Deno.test("rights that are not known are BAD, names of nobody NO, and the owner keeps what he has", () => {
  const { client } = user("lr");
  assertEquals(say(client, "1 SETACL INBOX bert@a.example lrQ")[0]!.slice(0, 5), "1 BAD");
  assertEquals(say(client, "2 SETACL INBOX bert@a.example lrq"), ["2 BAD Unknown right"]);
  assertEquals(say(client, "3 SETACL INBOX nobody@a.example lr"), ["3 NO [CANNOT] Nobody of this domain is called so"]);
  assertEquals(say(client, "4 SETACL INBOX anna@a.example -a"), ["4 NO [CANNOT] The owner keeps all rights"]);
  assertEquals(say(client, "5 SETACL INBOX anna@a.example +r"), ["5 OK Done"]);
  assertEquals(say(client, "6 SETACL INBOX -anna@a.example +r"), ["6 NO [CANNOT] The owner keeps all rights"]);
  assertEquals(say(client, "7 DELETEACL INBOX anna@a.example"), ["7 NO [CANNOT] The owner keeps all rights"]);
  assertEquals(say(client, '8 SETACL INBOX "" lr')[0]!.slice(0, 4), "8 NO");
  assertEquals(say(client, `9 SETACL INBOX ${"x".repeat(256)} lr`)[0]!.slice(0, 4), "9 NO");
});

Deno.test("LISTRIGHTS tells what can be given to whom, MYRIGHTS what one has", () => {
  const { client } = user("lrd");
  assertEquals(say(client, "1 LISTRIGHTS INBOX Anna@a.example")[0], "* LISTRIGHTS INBOX Anna@a.example lrswipkxteancd");
  assertEquals(
    say(client, "2 LISTRIGHTS INBOX bert")[0],
    '* LISTRIGHTS INBOX bert "" l r s w i p k x t e a n c d',
  );
  assertEquals(say(client, "3 MYRIGHTS INBOX"), ["* MYRIGHTS INBOX lrswipkxteancd", "3 OK Done"]);
  assertEquals(say(client, `4 MYRIGHTS "${SHARED}"`), [`* MYRIGHTS "${SHARED}" lrted`, "4 OK Done"]);
  assertEquals(say(client, `5 GETACL "${SHARED}"`), ["5 NO [NOPERM] Not allowed"]);
  assertEquals(say(client, `6 LISTRIGHTS "${SHARED}" anyone`), ["6 NO [NOPERM] Not allowed"]);
});

Deno.test("to whom nothing is given, a mailbox is not there (I20)", () => {
  const { client, mailboxes } = user("");
  for (const name of [SHARED, "Other Users/nobody@a.example/INBOX"]) {
    const answers = say(
      client,
      ...[`1 MYRIGHTS "${name}"`, `2 GETACL "${name}"`, `3 SELECT "${name}"`, `4 STATUS "${name}" (MESSAGES)`],
      ...[`5 SETACL "${name}" anyone lr`, `6 GETMETADATA "${name}" /shared/comment`, `7 LISTRIGHTS "${name}" anyone`],
    );
    assertEquals(answers, Array.from({ length: 7 }, (_, i) => `${i + 1} NO [NONEXISTENT] No such mailbox`));
  }
  assertEquals(say(client, '8 LIST "" "Other Users/*"'), ["8 OK Done"]);
  // Who may look it up is told why not.
  mailboxes.rights.set(SHARED, rights("l"));
  assertEquals(say(client, `9 SELECT "${SHARED}"`), ["9 NO [NOPERM] Not allowed"]);
  assertEquals(say(client, `a STATUS "${SHARED}" (MESSAGES)`), ["a NO [NOPERM] Not allowed"]);
});

Deno.test("LIST tells rights of each mailbox that is there (RFC 8440)", () => {
  const { client } = user("lr");
  say(client, "1 SUBSCRIBE gone");
  assertEquals(say(client, '2 LIST "" * RETURN (MYRIGHTS)'), [
    '* LIST (\\HasNoChildren) "/" INBOX',
    "* MYRIGHTS INBOX lrswipkxteancd",
    '* LIST (\\NonExistent \\HasChildren) "/" "Other Users"',
    '* LIST (\\NonExistent \\HasChildren) "/" "Other Users/bert@a.example"',
    `* LIST (\\HasNoChildren) "/" "${SHARED}"`,
    `* MYRIGHTS "${SHARED}" lr`,
    "2 OK Done",
  ]);
  // RFC 8440 §4: what is listed for its children only has no rights told.
  say(client, `3 SUBSCRIBE "${SHARED}"`);
  assertEquals(say(client, '4 LIST (SUBSCRIBED RECURSIVEMATCH) "" "Other Users" RETURN (MYRIGHTS)'), [
    '* LIST (\\NonExistent \\HasChildren) "/" "Other Users" ("CHILDINFO" ("SUBSCRIBED"))',
    "4 OK Done",
  ]);
});

Deno.test("PERMANENTFLAGS are those the user may change, and without any right to change the mailbox is read-only", () => {
  const { client: writer } = user("lrst");
  assertEquals(say(writer, `1 SELECT "${SHARED}"`), [
    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
    "* OK [PERMANENTFLAGS (\\Deleted \\Seen)] Kept",
    "* 1 EXISTS",
    "* 1 RECENT",
    "* OK [UNSEEN 1] First unseen",
    "* OK [UIDVALIDITY 1002] UIDs valid",
    "* OK [UIDNEXT 2] Predicted next UID",
    "* OK [HIGHESTMODSEQ 2] Highest",
    "* OK [ANNOTATIONS READ-ONLY NOPRIVATE] Annotations",
    "* OK [MAILBOXID (M2)] Id",
    "* OK [URLMECH INTERNAL] Mechanisms",
    "1 OK [READ-WRITE] Selected",
  ]);
  const { client } = user("lrp");
  const answer = say(client, `1 SELECT "${SHARED}"`);
  assertEquals([answer[1], answer.at(-1)], ["* OK [PERMANENTFLAGS ()] Kept", "1 OK [READ-ONLY] Selected"]);
  assertEquals(say(client, "2 STORE 1 +FLAGS (\\Seen)"), ["2 NO [CANNOT] Mailbox is read-only"]);
});

Deno.test("without the right to, reading sets no \\Seen, CLOSE removes nothing, and EXPUNGE, MOVE and REPLACE are refused", () => {
  const { client, mailboxes } = user("lrwi");
  say(client, `1 SELECT "${SHARED}"`);
  assertEquals(say(client, "2 FETCH 1 BODY[TEXT]"), ["* 1 FETCH (BODY[TEXT] {7}", "Hello", ")", "2 OK Done"]);
  assertEquals(mailboxes.messages(SHARED)[0]!.flags, 0);
  mailboxes.messages(SHARED)[0]!.flags = Flag.deleted;
  assertEquals(say(client, "3 EXPUNGE"), ["3 NO [NOPERM] Not allowed"]);
  assertEquals(say(client, "4 MOVE 1 INBOX"), ["4 NO [NOPERM] Not allowed"]);
  assertEquals(say(client, "5 REPLACE 1 INBOX {1+}", "x"), ["5 NO [NOPERM] Not allowed"]);
  assertEquals(say(client, "6 CLOSE"), ["6 OK Done"]);
  assertEquals(mailboxes.messages(SHARED).length, 1);
});

Deno.test("a right that goes while the session does not know it yet spoils neither FETCH nor CLOSE", () => {
  const { client, mailboxes } = user("lrse");
  say(client, `1 SELECT "${SHARED}"`);
  mailboxes.rights.set(SHARED, rights("lr"));
  assertEquals(say(client, "2 FETCH 1 BODY[TEXT]").at(-1), "2 OK Done");
  mailboxes.rights.set(SHARED, rights("lrse"));
  say(client, "3 NOOP");
  mailboxes.rights.set(SHARED, rights("lr"));
  assertEquals(say(client, "4 CLOSE"), ["4 OK Done"]);
});

Deno.test("changed rights are told by PERMANENTFLAGS, to whoever waits, too", () => {
  const { client, mailboxes } = user("lrswt");
  say(client, `1 SELECT "${SHARED}"`, "2 IDLE");
  mailboxes.rights.set(SHARED, rights("lrs"));
  mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  client.perform([]);
  assertEquals(say(client, "DONE"), [
    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
    "* OK [PERMANENTFLAGS (\\Seen)] Kept",
    "2 OK Done",
  ]);
});

Deno.test("of another account's mailbox no quota root is told", () => {
  const { client } = user("lr");
  assertEquals(say(client, `1 GETQUOTAROOT "${SHARED}"`), [`* QUOTAROOT "${SHARED}"`, "1 OK Done"]);
});

Deno.test("what is announced of rights and annotations has handlers, and strangers are told nothing of it", () => {
  const { client } = user("lr");
  const [line = ""] = say(client, "1 CAPABILITY");
  const told = line.split(" ");
  for (const name of ["ACL", "RIGHTS=texkn", "LIST-MYRIGHTS", "METADATA", "LIST-METADATA", "NAMESPACE", "QUOTA"]) {
    assertEquals(told.includes(name), true, name);
  }
  assertEquals(told.includes("QUOTASET"), false);
  const stranger = loggedIn(new FakeMailboxes());
  say(stranger, "1 UNAUTHENTICATE");
  assertEquals(say(stranger, "2 CAPABILITY")[0]!.includes("ACL"), false);
  assertEquals(say(stranger, "3 MYRIGHTS INBOX"), ["3 BAD Not in this state"]);
});
