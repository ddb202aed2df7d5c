/** What clients cost that are slow, silent, or send more than they read. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ACCOUNT, type Client, FakeListener } from "./fronts.ts";

const RCPT = "RCPT TO:<john@smith.test>";
const START = ["EHLO x", "MAIL FROM:<a@there.test>"];

async function imap(listener: FakeListener): Promise<Client> {
  const client = listener.connect("imap");
  client.say("a LOGIN john@smith.test x");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  assertMatch(client.told(), /a OK /);
  return client;
}

Deno.test("who has not logged in has less time than who has, and silence beyond it ends the session", async () => {
  const listener = new FakeListener();
  for (const service of ["pop3", "imap"] as const) {
    const stranger = listener.connect(service);
    assertEquals(stranger.deadlineMs, 500);
    stranger.expires();
    assertEquals(stranger.end, "closed", service);
  }
  const user = await imap(listener);
  user.say("b NOOP");
  assertEquals(user.deadlineMs, 1_000);
  const pop3 = listener.connect("pop3");
  pop3.say("USER john@smith.test", "PASS x");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  await listener.answer("mailbox.lock", { locked: true, tooSoon: false });
  await listener.answer("mailbox.list", { rows: [], more: false });
  await listener.answer("mailbox.status", { uidValidity: 1 });
  assertMatch(pop3.told(), /\+OK 0 /);
  assertEquals(pop3.deadlineMs, 1_000);
  const smtp = listener.connect("smtp");
  assertEquals(smtp.deadlineMs, 1_000);
  smtp.expires();
  assertMatch(smtp.told(), /421 4\.4\.2 /);
  assertEquals(smtp.end, "closed");
});

Deno.test("content that drips in ends the session, though each byte of it comes before its deadline", () => {
  const listener = new FakeListener();
  const client = listener.connect("smtp");
  assertMatch(client.say(...START, RCPT, "DATA"), /354 /);
  listener.clock.advance(900);
  assertEquals(client.say("x"), "");
  listener.clock.advance(200_000);
  assertMatch(client.say("x"), /^421 4\.4\.2 /);
  assertEquals(client.end, "closed");
});

Deno.test("of a client that does not read nothing is read, and of one that waits for an answer no more than a little", async () => {
  const listener = new FakeListener({}, { greylisting: true });
  const client = listener.connect("smtp");
  client.reads(false);
  client.say("NOOP");
  assert(client.paused);
  client.reads(true);
  assert(!client.paused);
  client.say(...START, RCPT);
  assert(!client.paused, "a pipeline goes on");
  client.say(..."x".repeat(70).split("").map(() => `NOOP ${"x".repeat(1_000)}`));
  assert(client.paused);
  await listener.answer("greylist.check", { passes: true });
  assertMatch(client.told(), /^250 2\.1\.5 /);
  assert(!client.paused);
});

Deno.test("a message for which the worker has no memory is put off, and what it held is free again", () => {
  const listener = new FakeListener();
  const client = listener.connect("smtp");
  assertMatch(client.say(...START, RCPT, "DATA", ""), /354 /);
  const line = "x".repeat(998);
  for (let i = 0; i < 900; i++) client.say(line);
  assertEquals(client.end, null);
  const told = Array.from({ length: 200 }, () => client.say(line)).join("");
  assertMatch(told, /^421 4\.3\.2 /);
  assertEquals(client.end, "closed");
  assertEquals(listener.memory.usedBytes, 0);
});

Deno.test("a message counts until it is stored, not only while it comes in", async () => {
  const listener = new FakeListener();
  const client = listener.connect("smtp");
  client.say(...START, RCPT, "DATA", "", ...Array.from({ length: 50 }, () => "x".repeat(998)), ".");
  assert(listener.memory.usedBytes >= 50_000, `${listener.memory.usedBytes}`);
  await listener.answer("mailbox.deliver", { type: "delivered", uids: [] });
  assertMatch(client.told(), /250 2\.0\.0 /);
  assertEquals(listener.memory.usedBytes, 0);
});

Deno.test("a message that is appended when the worker has no memory is refused to its end, and the session goes on", async () => {
  const listener = new FakeListener();
  const client = await imap(listener);
  client.say("b APPEND INBOX {1100000+}");
  await listener.answer("mailbox.statusOf", { entries: [{ mailbox: 1, name: "INBOX", status: {} }] });
  for (let i = 0; i < 1_100; i++) client.say("x".repeat(998));
  assertMatch(client.say(""), /^b NO \[UNAVAILABLE\] /);
  assertEquals(client.end, null);
  assert(listener.memory.usedBytes < 10_000, `${listener.memory.usedBytes}`);
});
