import { assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/flag.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { Client, loggedIn, say } from "./support.ts";

Deno.test("the account's limit is told in units of 1,024 octets, of any mailbox", () => {
  const client = loggedIn(new FakeMailboxes());
  assertEquals(say(client, "1 GETQUOTAROOT nowhere"), [
    '* QUOTAROOT nowhere ""',
    '* QUOTA "" (STORAGE 4 1024)',
    "1 OK Done",
  ]);
  assertEquals(say(client, '2 GETQUOTA ""'), ['* QUOTA "" (STORAGE 4 1024)', "2 OK Done"]);
  assertEquals(say(client, "3 GETQUOTA other"), ["3 NO [NONEXISTENT] No such quota root"]);
  assertEquals(say(client, '4 SETQUOTA "" (STORAGE 9)'), ["4 NO [NOPERM] Limits are set by the operator"]);
});

Deno.test("a limit of messages is told beside that of storage, or alone; both resources are announced, QUOTASET is not", () => {
  const both = loggedIn(new FakeMailboxes(), { quotaMessages: 10 });
  assertEquals(say(both, '1 GETQUOTA ""'), ['* QUOTA "" (STORAGE 4 1024 MESSAGE 2 10)', "1 OK Done"]);
  const [capabilities] = say(both, "2 CAPABILITY");
  const told = capabilities!.split(" ").filter((name) => name.startsWith("QUOTA"));
  assertEquals(told, ["QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE"]);
  const alone = loggedIn(new FakeMailboxes(), { quotaBytes: 0, quotaMessages: 10 });
  assertEquals(say(alone, '1 GETQUOTA ""'), ['* QUOTA "" (MESSAGE 2 10)', "1 OK Done"]);
});

Deno.test("STATUS and LIST tell how many messages are \\Deleted and what they take; without any nobody counts", () => {
  const mailboxes = new FakeMailboxes();
  mailboxes.make("Old");
  mailboxes.deliver("INBOX", "12345", Flag.deleted);
  mailboxes.deliver("INBOX", "123");
  mailboxes.deliver("INBOX", "1", Flag.deleted);
  const client = loggedIn(mailboxes);
  assertEquals(say(client, "1 STATUS INBOX (DELETED DELETED-STORAGE)"), [
    "* STATUS INBOX (DELETED 2 DELETED-STORAGE 6)",
    "1 OK Done",
  ]);
  assertEquals(say(client, "2 STATUS Old (DELETED-STORAGE)"), ["* STATUS Old (DELETED-STORAGE 0)", "2 OK Done"]);
  assertEquals(say(client, '3 LIST "" * RETURN (STATUS (DELETED-STORAGE MESSAGES))'), [
    '* LIST (\\HasNoChildren) "/" INBOX',
    "* STATUS INBOX (DELETED-STORAGE 6 MESSAGES 3)",
    '* LIST (\\HasNoChildren) "/" Old',
    "* STATUS Old (DELETED-STORAGE 0 MESSAGES 0)",
    "3 OK Done",
  ]);
  assertEquals(mailboxes.asked.filter((name) => name === "mailbox.deletedBytes").length, 2);
});

Deno.test("an account without a limit has no resources", () => {
  const client = new Client(new FakeMailboxes(), { quotaBytes: 0 });
  client.perform(client.session.open());
  say(client, "1 LOGIN anna secret");
  assertEquals(say(client, "2 GETQUOTAROOT INBOX"), ['* QUOTAROOT INBOX ""', '* QUOTA "" ()', "2 OK Done"]);
});
