/** Changes of a pipeline are all asked for before the first is answered, and answered in their order. */
import { assert, assertEquals } from "@std/assert";
import type { Uid } from "../../../src/mail/uid.ts";
import { settle } from "../../runtime/support/system.ts";
import { type Client, FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 0 };
const STORE = "mailbox.store";

async function selected(listener: FakeListener): Promise<Client> {
  const client = listener.connect("imap");
  client.say("l LOGIN john@smith.test secret");
  await listener.answer("directory.authenticate", { type: "accepted", account: ACCOUNT });
  client.say("s SELECT INBOX");
  await listener.answer("mailbox.open", {
    ...{ type: "opened", view: 7, mailbox: 1, objectId: "F1", readOnly: false, rights: "lrswipkxtea" },
    status: { uidValidity: 1, uidNext: 100, highestModSeq: 1, messages: 9, unseen: 0, deleted: 0, size: 90 },
    ...{ recent: 0, firstUnseen: 0, keywords: [], vanished: null },
  });
  assert(client.told().includes("s OK"));
  return client;
}

function stored(uid: number) {
  const row = { sequence: uid, uid: uid as Uid, modSeq: 2, flags: 0, keywords: [], recent: false };
  return { type: "stored", rows: [row], next: null, modified: [], highestModSeq: 2, missing: false };
}

const THREE = [1, 2, 3].map((number) => `${number} STORE ${number} FLAGS ()`);
const ANSWERS = [1, 2, 3].map((number) => `* ${number} FETCH (FLAGS ())\r\n${number} OK Done\r\n`);

/** What was asked of the mailbox's owner, by its sets. */
function setsOf(listener: FakeListener): number[] {
  return listener.all.filter(({ type }) => type === STORE).map(({ request }) =>
    (request as { readonly set: { readonly pairs: readonly number[] } }).set.pairs[0]!
  );
}

/** Answers the change of that number, however they were asked. */
async function answer(listener: FakeListener, number: number): Promise<void> {
  listener.all.filter(({ type }) => type === STORE)[number - 1]!.answer(stored(number));
  await settle();
}

Deno.test("all are asked at once, in their order, and each is told when it and those before it are answered", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  assertEquals(client.say(...THREE, "4 NOOP", "5 LOGOUT"), "");
  assertEquals(setsOf(listener), [1, 2, 3]);
  await answer(listener, 2);
  assertEquals(client.told(), "");
  await answer(listener, 1);
  assertEquals(client.told(), ANSWERS[0]! + ANSWERS[1]!);
  await answer(listener, 3);
  assertEquals(client.told(), ANSWERS[2]!);
  assertEquals(setsOf(listener).length, 3, "none was asked twice");
});

Deno.test("a client that does not read has its changes made in their order, and is told when it has read", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  client.reads(false);
  assertEquals(client.say(...THREE), "");
  assertEquals(setsOf(listener), [1, 2, 3]);
  for (const number of [1, 2, 3]) await answer(listener, number);
  assertEquals(client.told(), "");
  client.reads(true);
  await settle();
  assertEquals(client.told(), ANSWERS.join(""));
  assertEquals(setsOf(listener).length, 3);
});

Deno.test("a client that is sent away is told first what became of all that is under way", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  client.say(...THREE, "4 NOOP");
  client.front.dismiss("kicked");
  assertEquals([client.told(), client.end], ["", null]);
  for (const number of [1, 2, 3]) await answer(listener, number);
  const told = client.told();
  assert(told.startsWith(ANSWERS.join("")), told);
  assert(!told.includes("4 OK"), told);
  assert(told.includes("* BYE"), told);
  assertEquals(client.end, "closed");
});

Deno.test("answers that come when the client is gone are nobody's, and the memory noted for them is given back", async () => {
  const listener = new FakeListener();
  const before = listener.memory.usedBytes;
  const client = await selected(listener);
  client.say(...THREE);
  assert(listener.memory.usedBytes > before);
  client.leaves();
  assertEquals(listener.memory.usedBytes, before);
  for (const number of [1, 2, 3]) await answer(listener, number);
  assertEquals([listener.memory.usedBytes, client.told(), setsOf(listener).length], [before, "", 3]);
});

Deno.test("what is more than a worker may have begun is asked for in its turn", async () => {
  const listener = new FakeListener();
  const { max } = listener.changesAhead;
  const [one, two] = [await selected(listener), await selected(listener)];
  one.say(...THREE);
  two.say(...THREE);
  assertEquals(setsOf(listener), [1, 2, 3, 1, 2]);
  assertEquals(listener.changesAhead.underWay, max);
  for (let i = 1; i <= 3; i++) await answer(listener, i);
  assertEquals(one.told(), ANSWERS.join(""));
  for (const [at, number] of [[5, 2], [4, 1]] as const) {
    listener.all.filter(({ type }) => type === STORE)[at - 1]!.answer(stored(number));
  }
  await settle();
  assertEquals(two.told(), ANSWERS[0]! + ANSWERS[1]!);
  assertEquals(setsOf(listener), [1, 2, 3, 1, 2, 3]);
  listener.all.filter(({ type }) => type === STORE)[5]!.answer(stored(3));
  await settle();
  assertEquals([two.told(), listener.changesAhead.underWay], [ANSWERS[2]!, 0]);
});
