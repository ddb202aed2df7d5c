import { assertEquals } from "@std/assert";
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

Deno.test("an account without a limit has no resources", () => {
  const client = new Client(new FakeMailboxes(), { quotaBytes: 0 });
  client.perform(client.session.open());
  say(client, "1 LOGIN anna secret");
  assertEquals(say(client, "2 GETQUOTAROOT INBOX"), ['* QUOTAROOT INBOX ""', '* QUOTA "" ()', "2 OK Done"]);
});
