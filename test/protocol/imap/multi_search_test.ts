/** A search in many mailboxes (MULTISEARCH, RFC 7377). */
import { assertEquals } from "@std/assert";
import { Failure } from "../../../src/base/failure.ts";
import type { Rights } from "../../../src/mail/rights.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { loggedIn, say } from "./support.ts";

const NAMES = ["INBOX", "folder1", "folder2", "folder2/a", "folder2/a/b", "empty", "Other Users/b@a.example/x"];

function searcher(lines: readonly string[] = []) {
  const mailboxes = new FakeMailboxes();
  for (const name of NAMES) {
    if (name !== "INBOX") mailboxes.make(name);
    if (name === "empty") continue;
    mailboxes.deliver(name, `Subject: chad in ${name}\r\n\r\nx\r\n`);
    mailboxes.deliver(name, "Subject: other\r\n\r\n", 1);
  }
  const client = loggedIn(mailboxes);
  say(client, ...lines);
  return { mailboxes, client };
}

/** The names in the answers, in order. */
function names(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /MAILBOX "?(.*?)"? UIDVALIDITY/.exec(line)?.[1] ?? []);
}

Deno.test("ESEARCH tells the results of each mailbox that has any, by UIDs, with its name and UIDVALIDITY", () => {
  const { client, mailboxes } = searcher();
  assertEquals(say(client, '1 ESEARCH IN (mailboxes "folder1" subtree "folder2") SUBJECT chad'), [
    '* ESEARCH (TAG "1" MAILBOX folder1 UIDVALIDITY 1002) UID ALL 1',
    '* ESEARCH (TAG "1" MAILBOX folder2 UIDVALIDITY 1003) UID ALL 1',
    '* ESEARCH (TAG "1" MAILBOX folder2/a UIDVALIDITY 1004) UID ALL 1',
    '* ESEARCH (TAG "1" MAILBOX folder2/a/b UIDVALIDITY 1005) UID ALL 1',
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 ESEARCH IN (personal) RETURN (MIN MAX COUNT) TEXT folder1"), [
    '* ESEARCH (TAG "2" MAILBOX folder1 UIDVALIDITY 1002) UID MIN 1 MAX 1 COUNT 1',
    "2 OK Done",
  ]);
  assertEquals(
    say(client, "3 UID ESEARCH IN (personal) RETURN (PARTIAL 2:2) 1:99")[1],
    [
      '* ESEARCH (TAG "3" MAILBOX folder1 UIDVALIDITY 1002) UID PARTIAL (2:2 2)',
    ][0],
  );
  const opened = mailboxes.asked.filter((name) => name === "mailbox.open").length;
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.close").length, opened);
});

Deno.test("each source means what it says, and no mailbox is searched twice", () => {
  const { client } = searcher(["s SUBSCRIBE folder2/a", "t SUBSCRIBE nowhere"]);
  const found = (sources: string) => names(say(client, `1 ESEARCH IN (${sources}) ALL`));
  assertEquals(found("inboxes"), ["INBOX"]);
  assertEquals(found("personal"), ["INBOX", "folder1", "folder2", "folder2/a", "folder2/a/b"]);
  assertEquals(found("subscribed"), ["folder2/a"]);
  assertEquals(found("subtree-one folder2"), ["folder2", "folder2/a"]);
  assertEquals(found("subtree (folder1 folder2/a)"), ["folder1", "folder2/a", "folder2/a/b"]);
  assertEquals(found("mailboxes (folder1 nowhere folder1) personal").length, 5);
  assertEquals(found('mailboxes "folder*"'), []);
  assertEquals(found('mailboxes "Other Users/b@a.example/x"'), ["Other Users/b@a.example/x"]);
  assertEquals(say(client, "2 ESEARCH IN (selected-delayed) ALL"), ["2 BAD Unknown source"]);
});

Deno.test("without a source the selected mailbox is meant, which stays selected", () => {
  const { client } = searcher();
  assertEquals(say(client, "1 ESEARCH ALL"), ["1 BAD No mailbox is selected"]);
  assertEquals(say(client, "2 ESEARCH IN (personal selected) ALL"), ["2 BAD No mailbox is selected"]);
  say(client, "3 SELECT folder1");
  assertEquals(say(client, "4 ESEARCH SEEN"), [
    '* ESEARCH (TAG "4" MAILBOX folder1 UIDVALIDITY 1002) UID ALL 2',
    "4 OK Done",
  ]);
  assertEquals(say(client, "5 ESEARCH RETURN (SAVE) SEEN", "6 FETCH $ (UID)").at(-2), "* 2 FETCH (UID 2)");
  assertEquals(say(client, "7 ESEARCH IN (selected personal) RETURN (SAVE) SEEN"), [
    "7 BAD SAVE is for the selected mailbox",
  ]);
  assertEquals(names(say(client, "8 ESEARCH IN (personal) SEEN")).length, 5);
  assertEquals(say(client, "9 FETCH 1 (UID)")[0], "* 1 FETCH (UID 1)");
});

Deno.test("changes are told of the selected mailbox alone, under its name", () => {
  const { client, mailboxes } = searcher();
  assertEquals(say(client, "1 ESEARCH IN (personal) RETURN (UPDATE) SEEN"), [
    "1 BAD UPDATE is for the selected mailbox",
  ]);
  say(client, "2 SELECT folder1");
  assertEquals(
    say(client, "3 ESEARCH IN (subtree folder2) RETURN (UPDATE COUNT) SEEN")[0],
    '* NO [NOUPDATE "3"] Its changes are not told',
  );
  say(client, "4 ESEARCH IN (personal) RETURN (UPDATE COUNT) SEEN");
  mailboxes.deliver("folder2", "Subject: elsewhere\r\n\r\n", 1);
  mailboxes.deliver("folder1", "Subject: here\r\n\r\n", 1);
  assertEquals(say(client, "5 NOOP").slice(-2), [
    '* ESEARCH (TAG "4" MAILBOX folder1 UIDVALIDITY 1002) UID ADDTO (0 3)',
    "5 OK Done",
  ]);
});

Deno.test("mailboxes that may not be read, or are gone, are passed over as if there were none", () => {
  const { client, mailboxes } = searcher();
  mailboxes.rights.set("folder1", "l" as Rights);
  mailboxes.rights.set("folder2", "r" as Rights);
  mailboxes.rights.set("folder2/a", "" as Rights);
  assertEquals(names(say(client, "1 ESEARCH IN (personal) ALL")), ["INBOX", "folder2/a/b"]);
  // What is named need not be visible.
  const named = say(client, "2 ESEARCH IN (mailboxes (folder1 folder2 folder2/a nowhere)) ALL");
  assertEquals(names(named), ["folder2"]);
  assertEquals(named.at(-1), "2 OK Done");
  mailboxes.failures.set("mailbox.search", new Failure("not_found", "gone meanwhile"));
  assertEquals(say(client, "3 ESEARCH IN (personal) ALL"), ["3 OK Done"]);
  mailboxes.failures.set("mailbox.search", new Failure("busy", "too many searches"));
  assertEquals(say(client, "4 ESEARCH IN (personal) ALL")[0]?.slice(0, 18), "4 NO [UNAVAILABLE]");
  mailboxes.failures.delete("mailbox.search");
  mailboxes.failures.set("mailbox.open", new Failure("refused", "not any more"));
  assertEquals(say(client, "5 ESEARCH IN (personal) ALL"), ["5 OK Done"]);
});

Deno.test("of 1,000 mailboxes all are searched, of one more none is", () => {
  const { client, mailboxes } = searcher();
  const make = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      mailboxes.make(`many/${i}`);
      mailboxes.deliver(`many/${i}`, "Subject: x\r\n\r\n");
    }
  };
  make(0, 1_000);
  const before = mailboxes.asked.length;
  assertEquals(say(client, "1 ESEARCH IN (subtree many) RETURN (COUNT) SUBJECT none"), ["1 OK Done"]);
  assertEquals(mailboxes.asked.length - before, 3_001);
  make(1_000, 1_001);
  assertEquals(say(client, "2 ESEARCH IN (subtree many) ALL"), ["2 NO [LIMIT] Too many mailboxes"]);
});
