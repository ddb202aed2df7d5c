import { assertEquals } from "@std/assert";
import { Failure } from "../../../src/base/failure.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

function user() {
  const mailboxes = new FakeMailboxes();
  return { mailboxes, client: loggedIn(mailboxes) };
}

Deno.test("mailboxes are made with those above them, renamed with those below, and removed alone", () => {
  const { client } = user();
  assertEquals(say(client, "1 CREATE a/b"), ["1 OK [MAILBOXID (M3)] Created"]);
  assertEquals(say(client, "2 CREATE a/b"), ["2 NO [ALREADYEXISTS] Mailbox exists already"]);
  assertEquals(say(client, "3 RENAME a c"), ["3 OK Done"]);
  assertEquals(say(client, "4 RENAME a d"), ["4 NO [NONEXISTENT] No such mailbox"]);
  assertEquals(say(client, "5 RENAME c INBOX"), ["5 NO [ALREADYEXISTS] Mailbox exists already"]);
  assertEquals(say(client, "6 DELETE c"), ["6 OK Done"]);
  assertEquals(say(client, "7 DELETE INBOX"), ["7 NO [CANNOT] Not possible with this mailbox"]);
  assertEquals(
    say(client, '8 LIST "" *'),
    [
      '* LIST (\\Noselect \\HasChildren) "/" c',
      '* LIST (\\HasNoChildren) "/" c/b',
      '* LIST (\\HasNoChildren) "/" INBOX',
      "8 OK Done",
    ].sort((a, b) => a.includes("INBOX") ? -1 : b.includes("INBOX") ? 1 : 0),
  );
});

Deno.test("names that no mailbox may have are refused, whatever is done with them", () => {
  const { client, mailboxes } = user();
  for (const name of ["../x", "a//b", "/etc/x", '"a\\"*"', "a%b", '""', `"${"x/".repeat(60)}y"`, "&AC8-", "&"]) {
    const refused = /^1 (NO|BAD)/;
    for (const command of ["CREATE", "SELECT", "DELETE", "SUBSCRIBE"]) {
      const [line = ""] = say(client, `1 ${command} ${name}`);
      assertEquals(refused.test(line), true, `${command} ${name}: ${line}`);
      if (client.session.phase === "closed") return;
    }
  }
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.create"), []);
});

Deno.test("STATUS tells how many messages nobody was told of, also in LIST, and counts them only when asked", () => {
  const { client, mailboxes } = user();
  for (let i = 0; i < 3; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  assertEquals(say(client, "1 STATUS INBOX (RECENT MESSAGES)")[0], "* STATUS INBOX (RECENT 3 MESSAGES 3)");
  assertEquals(say(client, '2 LIST "" INBOX RETURN (STATUS (RECENT))')[1], "* STATUS INBOX (RECENT 3)");
});

Deno.test("inherited names are ordinary names", () => {
  const { client } = user();
  for (const name of ["__proto__", "constructor"]) {
    assertEquals(say(client, `1 STATUS ${name} (MESSAGES)`), ["1 NO [NONEXISTENT] No such mailbox"]);
    assertEquals(say(client, `2 CREATE ${name}`)[0]?.slice(0, 4), "2 OK");
    assertEquals(
      say(client, `3 STATUS ${name} (MESSAGES)`)[0],
      `* STATUS ${name} (MESSAGES 0)`,
    );
  }
});

Deno.test("names go as modified UTF-7, and as UTF-8 to who asked for it", () => {
  const { client } = user();
  say(client, "1 CREATE Entw&APw-rfe");
  assertEquals(say(client, '2 LIST "" E*')[0], '* LIST (\\HasNoChildren) "/" Entw&APw-rfe');
  say(client, "3 ENABLE UTF8=ACCEPT");
  assertEquals(say(client, '4 LIST "" "Entw\u00fc*"')[0], '* LIST (\\HasNoChildren) "/" "Entw\u00fcrfe"');
  assertEquals(say(client, '5 STATUS "Entw\u00fcrfe" (MESSAGES)')[0], '* STATUS "Entw\u00fcrfe" (MESSAGES 0)');
});

Deno.test("an empty pattern asks for the separator, NAMESPACE for what there is", () => {
  const { client } = user();
  assertEquals(say(client, '1 LIST "" ""'), ['* LIST (\\Noselect) "/" ""', "1 OK Done"]);
  assertEquals(say(client, "2 NAMESPACE"), ['* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL', "2 OK Done"]);
});

Deno.test("LIST selects subscribed names, those above them when told to, and returns what is asked for", () => {
  const { client, mailboxes } = user();
  say(client, "1 CREATE Sent (USE (\\Sent))", "2 CREATE a/b", "3 SUBSCRIBE a/b", "4 SUBSCRIBE gone/x");
  mailboxes.deliver("Sent", "A: b\r\n\r\nc");
  assertEquals(say(client, '5 LIST (SUBSCRIBED) "" *'), [
    '* LIST (\\Subscribed \\HasNoChildren) "/" a/b',
    '* LIST (\\NonExistent \\Subscribed \\HasNoChildren) "/" gone/x',
    "5 OK Done",
  ]);
  assertEquals(say(client, '6 LIST (SUBSCRIBED RECURSIVEMATCH) "" %'), [
    '* LIST (\\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))',
    '* LIST (\\NonExistent \\HasNoChildren) "/" gone ("CHILDINFO" ("SUBSCRIBED"))',
    "6 OK Done",
  ]);
  assertEquals(say(client, '7 LIST (RECURSIVEMATCH) "" %')[0]?.slice(0, 5), "7 BAD");
  assertEquals(say(client, '8 LIST "" (Sent a%) RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UNSEEN))'), [
    '* LIST (\\HasNoChildren \\Sent) "/" Sent',
    "* STATUS Sent (MESSAGES 1 UNSEEN 1)",
    '* LIST (\\HasChildren) "/" a',
    "* STATUS a (MESSAGES 0 UNSEEN 0)",
    "8 OK Done",
  ]);
  assertEquals(say(client, '9 LIST (SPECIAL-USE) "" *'), ['* LIST (\\HasNoChildren \\Sent) "/" Sent', "9 OK Done"]);
  assertEquals(say(client, '10 LSUB "" %'), [
    '* LSUB (\\Noselect) "/" a',
    '* LSUB (\\Noselect) "/" gone',
    "10 OK Done",
  ]);
  assertEquals(say(client, '11 LSUB "" *'), ['* LSUB () "/" a/b', '* LSUB (\\Noselect) "/" gone/x', "11 OK Done"]);
  say(client, "12 UNSUBSCRIBE a/b");
  assertEquals(say(client, '13 LSUB "a/" *'), ["13 OK Done"]);
});

Deno.test("STATUS tells what it is asked", () => {
  const { client, mailboxes } = user();
  mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  const items = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ MAILBOXID APPENDLIMIT";
  assertEquals(say(client, `1 STATUS INBOX (${items})`), [
    "* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1001 UNSEEN 1 DELETED 0 SIZE 9 HIGHESTMODSEQ 2 " +
    "MAILBOXID (M1) APPENDLIMIT 52428800)",
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 STATUS nowhere (MESSAGES)"), ["2 NO [NONEXISTENT] No such mailbox"]);
});

Deno.test("a special use that is not known is refused", () => {
  const { client } = user();
  assertEquals(say(client, "1 CREATE x (USE (\\Whatever))"), ["1 NO [USEATTR] Special use not supported"]);
  assertEquals(say(client, "2 CREATE x (USE (\\Archive \\Sent))"), ["2 NO [USEATTR] Special use not supported"]);
});

Deno.test("what the world does to a question is told by its code, and never in its words", () => {
  const { client, mailboxes } = user();
  for (
    const [kind, line] of [
      ["busy", "1 NO [UNAVAILABLE] Too busy, try again later"],
      ["disk_full", "1 NO [UNAVAILABLE] The disk is full, try again later"],
      ["corrupt", "1 NO [CORRUPTION] The stored data is damaged"],
      ["schema", "1 NO [SERVERBUG] The stored data cannot be read"],
    ] as const
  ) {
    mailboxes.failures.set("mailbox.create", new Failure(kind, "secret words"));
    assertEquals(say(client, "1 CREATE x"), [line]);
  }
  assertEquals(client.session.refusals, 0);
});
