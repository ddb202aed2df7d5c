/** How a front carries out what a RETR of several pieces wants: what a client has no room for stays on the disk. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { utf8 } from "../../../src/base/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 0 };
const LETTER = utf8(`Subject: x\r\n\r\n${"line\r\n".repeat(100_000)}`);

/** A client in the transaction state, with one message. */
async function loggedIn(listener: FakeListener) {
  const client = listener.connect("pop3");
  client.say("USER john@smith.test");
  client.say("PASS secret");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  await listener.answer("mailbox.lock", { locked: true, tooSoon: false });
  await listener.answer("mailbox.list", { rows: [{ uid: 1, size: LETTER.length }], more: false });
  await listener.answer("mailbox.status", { uidValidity: 7 });
  assertStringIncludes(client.told(), "+OK");
  return client;
}

/** The owner answers with the piece that was asked for; its length. */
async function piece(listener: FakeListener): Promise<number> {
  const { offset, length } = listener.requests.get("mailbox.fetch") as { offset: number; length: number };
  const bytes = LETTER.subarray(offset, offset + length);
  await listener.answer("mailbox.fetch", { bytes, size: LETTER.length });
  return bytes.length;
}

Deno.test("a client that reads slowly has one piece of a message on its way, and gets the next when it has read", async () => {
  const listener = new FakeListener();
  const client = await loggedIn(listener);
  client.say("RETR 1");
  client.reads(false);
  let sent = await piece(listener);
  assertEquals(listener.asked.has("mailbox.fetch"), false, "what it has no room for is not fetched");
  while (sent < LETTER.length) {
    client.reads(true);
    await settle();
    assertEquals(listener.asked.has("mailbox.fetch"), true);
    client.reads(false);
    sent += await piece(listener);
    assertEquals(listener.asked.has("mailbox.fetch"), false);
  }
  client.reads(true);
  const told = client.told();
  assertEquals([told.split("\r\n").filter((line) => line === "line").length, told.endsWith("\r\n.\r\n")], [
    100_000,
    true,
  ]);
});
