import { assertEquals, assertMatch } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { FakeListener } from "./fronts.ts";

const HELLO = ["EHLO x", "MAIL FROM:<a@there.test>"];
const RCPT = "RCPT TO:<john@smith.test>";
const LISTED = { listedBy: "bad.test", text: "see https://bad.test/" };
const REFUSED = "550 5.7.1 Your address is listed by bad.test: see https://bad.test/\r\n";
const ACCOUNT = { id: "a1", address: "john@smith.test", disabled: false, quotaBytes: 0, createdAt: "" };

Deno.test("recipients of a listed client are refused, and the lists are asked once; a postmaster can be written to", async () => {
  const listener = new FakeListener({}, { lists: true, greylisting: true });
  const client = listener.connect("smtp");
  client.say(...HELLO);
  assertEquals(client.say(RCPT), "", "the lists are asked first");
  await listener.answer("policy.listed", LISTED);
  assertEquals(client.told(), REFUSED);
  client.say("RSET", "MAIL FROM:<b@there.test>", RCPT, RCPT);
  await settle();
  assertEquals(client.told(), REFUSED + REFUSED);
  assertEquals([listener.asked.size, listener.counters.listed], [0, 3], "the greylist is not asked either");
  client.say("RCPT TO:<PostMaster@smith.test>");
  await listener.answer("greylist.check", { passes: true });
  assertMatch(client.told(), /^250 2\.1\.5 /);
});

Deno.test("a client that is not listed, or of whom nobody can tell, is taken, and comes to the greylist next", async () => {
  const listener = new FakeListener({}, { lists: true, greylisting: true });
  for (const answer of [() => null, () => Promise.reject(new Failure("busy", "too many ask"))]) {
    const client = listener.connect("smtp");
    client.say(...HELLO, RCPT);
    await listener.answer("policy.listed", answer());
    await listener.answer("greylist.check", { passes: false });
    assertMatch(client.told(), /\r\n450 4\.7\.1 Greylisted[^\r]+\r\n$|^450 4\.7\.1 Greylisted/);
    client.say(RCPT);
    await listener.answer("greylist.check", { passes: true });
    assertMatch(client.told(), /^250 2\.1\.5 /);
  }
  assertEquals([listener.asked.size, listener.counters.listed], [0, 0]);
});

Deno.test("no list is asked about users, exempt networks, servers that speak LMTP, nor anybody when there are none", async () => {
  const listener = new FakeListener({}, { lists: true, exempt: ["198.51.100.0/24"] });
  const user = listener.connect("submission");
  user.say("EHLO x", `AUTH PLAIN ${btoa("\0john@smith.test\0x")}`);
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  user.told();
  assertMatch(user.say("MAIL FROM:<john@smith.test>", RCPT), /250 2\.1\.5 /);
  const exempt = listener.connect("smtp", { address: "198.51.100.7" });
  assertMatch(exempt.say(...HELLO, RCPT), /250 2\.1\.5 /);
  const lmtp = listener.connect("lmtp");
  assertMatch(lmtp.say("LHLO x", "MAIL FROM:<a@there.test>", RCPT), /250 2\.1\.5 /);
  const without = new FakeListener().connect("smtp");
  assertMatch(without.say(...HELLO, RCPT), /250 2\.1\.5 /);
  assertEquals(listener.asked.size, 0);
});

Deno.test("when a proxy names another client, the lists are asked about that one", async () => {
  const listener = new FakeListener({}, { lists: true, exempt: ["198.51.100.0/24"] });
  const proxy = listener.connect("smtp", { address: "198.51.100.1", xclient: true });
  for (const address of ["192.0.2.1", "192.0.2.2"]) {
    proxy.say("EHLO proxy", `XCLIENT ADDR=${address}`, ...HELLO);
    assertEquals(proxy.say(RCPT), "");
    await listener.answer("policy.listed", address === "192.0.2.1" ? LISTED : null);
    assertMatch(proxy.told(), address === "192.0.2.1" ? /^550 5\.7\.1 / : /^250 2\.1\.5 /);
    proxy.say("RSET");
  }
});

Deno.test("a client that leaves while the lists are asked is not answered", async () => {
  const listener = new FakeListener({}, { lists: true });
  const client = listener.connect("smtp");
  client.say(...HELLO, RCPT);
  client.front.dismiss("kicked");
  client.told();
  await listener.answer("policy.listed", LISTED);
  assertEquals(client.told(), "");
});
