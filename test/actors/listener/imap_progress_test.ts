/** A client whose command takes long is told that it goes on (RFC 9585). */
import { assertEquals } from "@std/assert";
import { FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 0 };

async function loggedIn(listener: FakeListener) {
  const client = listener.connect("imap");
  client.say("l LOGIN john@smith.test secret");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  assertEquals(client.told().includes("l OK"), true);
  return client;
}

Deno.test("a command that takes long is told to go on each twelve seconds, and one that is quick is not", async () => {
  const listener = new FakeListener();
  const { clock } = listener;
  const client = await loggedIn(listener);
  client.say('1 LIST "" *');
  clock.advance(5_000);
  await listener.answer("mailbox.tree", { entries: [] });
  assertEquals(client.told(), "1 OK Done\r\n");
  // The timer of the quick command is still there: it is not taken for one of the next.
  clock.advance(4_000);
  client.say('2 LIST "" *');
  clock.advance(11_999);
  assertEquals(client.told(), "");
  clock.advance(1);
  assertEquals(client.told(), '* OK [INPROGRESS ("2" NIL NIL)] Still at it\r\n');
  clock.advance(12_000);
  assertEquals(client.told(), '* OK [INPROGRESS ("2" NIL NIL)] Still at it\r\n');
  await listener.answer("mailbox.tree", { entries: [] });
  assertEquals(client.told(), "2 OK Done\r\n");
  clock.advance(60_000);
  assertEquals(client.told(), "");
});

Deno.test("a client that is gone leaves no timer", async () => {
  const listener = new FakeListener();
  const client = await loggedIn(listener);
  client.say('1 LIST "" *');
  client.front.dismiss("errors");
  assertEquals(client.gone, true);
  client.told();
  listener.clock.advance(60_000);
  assertEquals(client.told(), "");
});
