import { assert, assertEquals, assertMatch } from "@std/assert";
import { SESSIONS_ACTOR, sessionsActor } from "../../../src/actors/listener/session_book.ts";
import { Failure } from "../../../src/base/mod.ts";
import { settle, testSystem } from "../../runtime/support/system.ts";
import { type Client, FakeListener } from "./fronts.ts";

const RCPT = "RCPT TO:<john@smith.test>";
const ACCOUNT = { id: "a1", address: "john@smith.test", disabled: false, quotaBytes: 0, createdAt: "" };

/** Logs in and opens a maildrop of one message of 20 bytes. */
async function opened(listener: FakeListener): Promise<Client> {
  const client = listener.connect("pop3");
  client.say("USER john@smith.test", "PASS x");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  await listener.answer("mailbox.lock", { locked: true });
  await listener.answer("mailbox.list", { rows: [{ uid: 7, size: 20 }], more: false });
  await listener.answer("mailbox.status", { uidValidity: 1 });
  assertMatch(client.told(), /\+OK 1 messages/);
  return client;
}

Deno.test("a session that is kicked is told so and closed, in whatever phase", () => {
  const listener = new FakeListener();
  const idle = listener.connect("smtp");
  const inMail = listener.connect("smtp");
  inMail.say("EHLO x", "MAIL FROM:<>", RCPT);
  const inData = listener.connect("smtp");
  inData.say("EHLO x", "MAIL FROM:<>", RCPT, "DATA", "Subject: half");
  const pop3 = listener.connect("pop3");
  idle.told();
  pop3.told();
  for (const { front } of [idle, inMail, inData, pop3]) assert(listener.book.kick(front.id));
  for (const client of [idle, inMail, inData]) assertMatch(client.told(), /^421 4\.3\.2 [^\r]+\r\n$/);
  assertMatch(pop3.told(), /^-ERR \[SYS\/TEMP\] [^\r]+\r\n$/);
  for (const client of [idle, inMail, inData, pop3]) assertEquals([client.end, client.gone], ["closed", true]);
  assertEquals([listener.book.size, listener.counters.dismissed.kicked], [0, 4]);
  assert(!listener.book.kick(idle.front.id), "it is gone");
});

Deno.test("a message that is being stored is answered before its session is kicked", async () => {
  const listener = new FakeListener();
  const client = listener.connect("smtp");
  client.say("EHLO x", "MAIL FROM:<>", RCPT, "DATA", "Subject: x", "", "x", ".");
  listener.book.kick(client.front.id);
  assertEquals([client.told(), client.end], ["", null]);
  await listener.answer("mailbox.deliver", { type: "delivered", uids: [] });
  assertMatch(client.told(), /^250 2\.0\.0 [^\r]+\r\n421 4\.3\.2 [^\r]+\r\n$/);
  assertEquals([client.end, client.gone], ["closed", true]);
});

Deno.test("a kick in the middle of a POP3 message adds no line to it; one in the middle of an update waits", async () => {
  const listener = new FakeListener();
  const reading = await opened(listener);
  reading.say("RETR 1");
  listener.book.kick(reading.front.id);
  assertEquals([reading.told(), reading.end], ["", "closed"]);
  const leaving = await opened(listener);
  leaving.say("DELE 1", "QUIT");
  listener.book.kick(leaving.front.id);
  assertEquals([leaving.told(), leaving.end], ["", null]);
  await listener.answer("mailbox.expunge", {});
  assertEquals([leaving.told(), leaving.end], ["+OK Bye\r\n", "closed"]);
});

Deno.test("a session in its TLS handshake is kicked without a word", () => {
  const listener = new FakeListener();
  const client = listener.connect("smtp", { tls: "available" });
  client.say("EHLO x", "STARTTLS");
  listener.book.kick(client.front.id);
  assertEquals([client.told(), client.end, client.gone], ["", "destroyed", true]);
});

Deno.test("a ban ends the sessions of its network, and no others", () => {
  const listener = new FakeListener();
  const banned = listener.connect("smtp", { address: "192.0.2.7" });
  const other = listener.connect("smtp", { address: "198.51.100.7" });
  banned.told();
  const { admission, book } = listener;
  admission.onBan = () => book.dismissBanned((address) => admission.isBanned(address));
  const ban = { network: "192.0.2.0/24", until: null, reason: "", by: "operator", createdAt: "" } as const;
  admission.set(ban.network, ban);
  assertEquals([banned.told(), banned.end], ["421 4.7.1 Your address is banned\r\n", "closed"]);
  assertEquals([other.end, book.size], [null, 1]);
});

Deno.test("messages beyond the rate are told to come again, at RCPT or after their data", async () => {
  const listener = new FakeListener({ messagesPerMinute: 2 });
  const one = listener.connect("smtp");
  const two = listener.connect("smtp");
  for (const client of [one, two]) client.say("EHLO x", "MAIL FROM:<>", RCPT, "DATA");
  const mail = ["Subject: x", "", "x", "."];
  one.say(...mail);
  await listener.answer("mailbox.deliver", { type: "delivered", uids: [] });
  assertMatch(one.told(), /^250 2\.0\.0 /);
  one.say("MAIL FROM:<>", RCPT, "DATA", ...mail);
  await listener.answer("mailbox.deliver", { type: "delivered", uids: [] });
  assertMatch(one.told(), /^250 2\.0\.0 /);
  assertMatch(two.say(...mail), /^450 4\.7\.1 [^\r]+\r\n$/);
  assertEquals(listener.asked.size, 0, "nothing was stored");
  assertMatch(one.say("MAIL FROM:<>", RCPT), /^250 [^\r]+\r\n450 4\.7\.1 [^\r]+\r\n$/);
  listener.clock.advance(30_000);
  assertMatch(two.say("MAIL FROM:<>", RCPT), /^250 [^\r]+\r\n250 [^\r]+\r\n$/);
  assertEquals([listener.counters.limitedMessages, listener.counters.limitedRecipients], [1, 1]);
});

Deno.test("recipients beyond the rate are told to come again, and the mail reaches those before them", async () => {
  const listener = new FakeListener({ recipientsPerMinute: 3 });
  const client = listener.connect("smtp");
  client.say("EHLO x", "MAIL FROM:<>");
  const replies = client.say(RCPT, RCPT, RCPT, RCPT).split("\r\n");
  assertEquals(replies.map((line) => line.slice(0, 9)), ["250 2.1.5", "250 2.1.5", "250 2.1.5", "450 4.7.1", ""]);
  client.say("DATA", "Subject: x", "", "x", ".");
  await listener.answer("mailbox.deliver", { type: "delivered", uids: [] });
  assertMatch(client.told(), /^250 2\.0\.0 /);
});

Deno.test("refused commands up to the rate are answered, one more ends the session and keeps the address out", () => {
  const listener = new FakeListener({ errorsPerMinute: 3 });
  const client = listener.connect("smtp");
  client.told();
  assertEquals(client.say("X", "X", "X").split("\r\n").length, 4);
  assertEquals(client.end, null);
  const answer = client.say("X");
  assertMatch(answer, /^500 5\.5\.1 [^\r]+\r\n421 4\.7\.0 [^\r]+\r\n$/);
  assertEquals([client.end, listener.counters.dismissed.errors], ["closed", 1]);
  assertEquals(listener.admission.admit("192.0.2.1"), "errors");
  const pop3 = listener.connect("pop3", { address: "192.0.2.2" });
  pop3.told();
  assertMatch(
    pop3.say("NONSENSE", "NONSENSE", "NONSENSE", "NONSENSE"),
    /^(-ERR [A-Z][^\r]*\r\n){4}-ERR \[SYS\/TEMP\] [^\r]+\r\n$/,
  );
  assertEquals(pop3.end, "closed");
});

Deno.test("the sessions actor tells who is connected, and ends the one it is told to", async () => {
  const listener = new FakeListener();
  const { system } = testSystem();
  const sessions = await system.spawn(sessionsActor, { name: SESSIONS_ACTOR, args: { book: listener.book } });
  const smtp = listener.connect("smtp", { address: "2001:db8::1" });
  smtp.say("EHLO x", "MAIL FROM:<>");
  const pop3 = await opened(listener);
  listener.clock.advance(5_000);
  smtp.say("NOOP");
  const { total, sessions: rows } = await sessions.ask("session.list", { limit: 10 });
  assertEquals(total, 2);
  const shown = rows.map(({ id, service, remote, account, phase, idleMs }) => [
    id,
    service,
    remote,
    account,
    phase,
    idleMs,
  ]);
  assertEquals(shown, [
    [smtp.front.id, "smtp", "[2001:db8::1]:40000", null, "command", 0],
    [pop3.front.id, "pop3", "192.0.2.1:40000", "john@smith.test", "transaction", 5_000],
  ]);
  assertEquals(rows[0]!.since, "2026-01-01T00:00:00.000Z");
  assert(rows[0]!.bytesIn > 0);
  const few = await sessions.ask("session.list", { limit: 1 });
  assertEquals([few.total, few.sessions.length], [2, 1]);
  assertEquals(await sessions.ask("session.kick", { id: "nobody" }), { kicked: false });
  assertEquals(await sessions.ask("session.kick", { id: pop3.front.id }), { kicked: true });
  assertEquals((await sessions.ask("session.list", { limit: 10 })).total, 1);
  await settle();
  await system.shutdown();
});

Deno.test("a recipient that the greylist puts off is told so; one that it lets in, or that it cannot tell, is taken", async () => {
  const listener = new FakeListener({}, { greylisting: true });
  const client = listener.connect("smtp");
  client.say("EHLO x", "MAIL FROM:<a@there.test>");
  assertEquals(client.say(RCPT), "", "the greylist is asked first");
  await listener.answer("greylist.check", { passes: false });
  assertMatch(client.told(), /^450 4\.7\.1 Greylisted[^\r]+\r\n$/);
  client.say(RCPT);
  await listener.answer("greylist.check", { passes: true });
  assertMatch(client.told(), /^250 2\.1\.5 /);
  client.say(RCPT);
  await listener.answer("greylist.check", Promise.reject(new Failure("busy", "too many ask")));
  assertMatch(client.told(), /^250 2\.1\.5 /);
  assertEquals(listener.counters.greylisted, 1);
  const here = listener.connect("smtp", { address: "127.0.0.1" });
  assertMatch(here.say("EHLO x", "MAIL FROM:<>", RCPT), /250 2\.1\.5 [^\r]+\r\n$/);
});
