/** APPENDs of a pipeline go to the mailbox's owner in one message, or one after the other where too much is under way. */
import { assert, assertEquals } from "@std/assert";
import { settle } from "../../runtime/support/system.ts";
import { type Client, FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 7 };
const EACH = "mailbox.appendEach";
const ONE = "mailbox.append";

async function user(listener: FakeListener): Promise<Client> {
  const client = listener.connect("imap");
  client.say("l LOGIN john@smith.test secret");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  assert(client.told().includes("l OK"));
  return client;
}

const append = (number: number, letter: string) => `${number} APPEND INBOX {${letter.length}+}\r\n${letter}`;
const appended = (uid: number) => ({ type: "appended", uidValidity: 1, uids: [uid] });
const told = (uid: number) => `${uid} OK [APPENDUID 1 ${uid}] Appended\r\n`;

function asked(listener: FakeListener, type: string) {
  return listener.all.filter((each) => each.type === type);
}

Deno.test("APPENDs that came together are one question, with what only the listener knows, and answered in their order", async () => {
  const listener = new FakeListener();
  const client = await user(listener);
  assertEquals(client.say(append(1, "one"), append(2, "two"), "3 LOGOUT"), "");
  assertEquals([asked(listener, ONE).length, asked(listener, EACH).length], [0, 1]);
  const { account, quotaBytes, appends } = asked(listener, EACH)[0]!.request as Record<string, unknown>;
  assertEquals([account, quotaBytes, (appends as unknown[]).length], ["a1", 7, 2]);
  assertEquals(listener.appendsTogether.underWay, 6);
  client.front.dismiss("kicked");
  assertEquals([client.told(), client.end], ["", null]);
  await listener.answer(EACH, { answers: [appended(1), { type: "full" }] });
  assert(client.told().startsWith(`${told(1)}2 NO [OVERQUOTA]`));
  assertEquals(listener.appendsTogether.underWay, 0);
});

Deno.test("beyond so many bytes under way in the worker each is asked for in its turn", async () => {
  const listener = new FakeListener();
  const [one, two] = [await user(listener), await user(listener)];
  const letter = "x".repeat(listener.appendsTogether.max / 2);
  one.say(append(1, letter), append(2, letter));
  assertEquals(listener.appendsTogether.underWay, listener.appendsTogether.max);
  two.say(append(1, "one"), append(2, "two"), append(3, "three"), "4 NOOP");
  assertEquals([asked(listener, EACH).length, asked(listener, ONE).length], [1, 1]);
  asked(listener, ONE)[0]!.answer(appended(1));
  await settle();
  assertEquals([two.told(), asked(listener, ONE).length], ["", 2]);
  asked(listener, ONE)[1]!.answer({ type: "missing" });
  await settle();
  asked(listener, ONE)[2]!.answer(appended(3));
  await settle();
  assertEquals(two.told(), `${told(1)}2 NO [TRYCREATE] No such mailbox\r\n${told(3)}4 OK Done\r\n`);
  await listener.answer(EACH, { answers: [appended(1), appended(2)] });
  assertEquals([one.told(), listener.appendsTogether.underWay], [told(1) + told(2), 0]);
});

Deno.test("one that fails is its own NO, and what was under way is given back", async () => {
  const listener = new FakeListener();
  const client = await user(listener);
  client.say(append(1, "one"), append(2, "two"));
  asked(listener, EACH)[0]!.answer({ answers: [appended(1), { type: "failed", kind: "disk" }] });
  await settle();
  assertEquals(client.told(), `${told(1)}2 NO [UNAVAILABLE] The disk does not work at the moment, try again later\r\n`);
  assertEquals(listener.appendsTogether.underWay, 0);
});
