/** Changes of a pipeline are asked for together, and answered in their order. */
import { assert, assertEquals } from "@std/assert";
import type { Uid } from "../../../src/mail/uid.ts";
import { settle } from "../../runtime/support/system.ts";
import { type Client, FakeListener } from "./fronts.ts";

const ACCOUNT = { id: "a1", address: "john@smith.test", quotaBytes: 0 };
const STORE = "mailbox.store";
const EACH = "mailbox.storeEach";

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

/** What was asked of the mailbox's owner, by the first numbers of its sets. */
function setsOf(listener: FakeListener): (number | number[])[] {
  const first = ({ set }: Wish) => set.pairs[0]!;
  return listener.all.flatMap(({ type, request }): (number | number[])[] => {
    if (type === STORE) return [first(request as Wish)];
    if (type !== EACH) return [];
    return [
      (request as { readonly stores: readonly Alike[] }).stores.flatMap(({ sets }) => sets.map(([number]) => number!)),
    ];
  });
}

interface Alike {
  readonly sets: readonly (readonly number[])[];
}

interface Wish {
  readonly set: { readonly pairs: readonly number[] };
}

/** Answers what was asked for changes, by its place among that. */
async function answer(listener: FakeListener, place: number, reply: unknown): Promise<void> {
  listener.all.filter(({ type }) => type === STORE || type === EACH)[place]!.answer(reply as never);
  await settle();
}

const ALL = { answers: [1, 2, 3].map(stored) };

Deno.test("all are asked for in one message, in their order, and told in one, too", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  assertEquals(client.say(...THREE, "4 NOOP", "5 LOGOUT"), "");
  assertEquals(setsOf(listener), [[1, 2, 3]]);
  assertEquals(client.told(), "");
  await answer(listener, 0, ALL);
  assertEquals(client.told(), ANSWERS.join(""));
  assertEquals(setsOf(listener).length, 1, "none was asked twice");
});

Deno.test("what one of them meets is told of that one alone", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  client.say(...THREE);
  await answer(listener, 0, { answers: [null, { type: "failed", kind: "refused" }, stored(3)] });
  const told = client.told().split("\r\n");
  assertEquals([told[0], told[1]?.slice(0, 4), ...told.slice(2)], ["1 OK Done", "2 NO", ...ANSWERS[2]!.split("\r\n")]);
});

Deno.test("a client that does not read has its changes made in their order, and is told when it has read", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  client.reads(false);
  assertEquals(client.say(...THREE), "");
  assertEquals(setsOf(listener), []);
  client.reads(true);
  await settle();
  await answer(listener, 0, ALL);
  assertEquals(client.told(), ANSWERS.join(""));
  assertEquals(setsOf(listener), [[1, 2, 3]]);
});

Deno.test("a client that is sent away is told first what became of all that is under way", async () => {
  const listener = new FakeListener();
  const client = await selected(listener);
  client.say(...THREE, "4 NOOP");
  client.front.dismiss("kicked");
  assertEquals([client.told(), client.end], ["", null]);
  await answer(listener, 0, ALL);
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
  await answer(listener, 0, ALL);
  assertEquals([listener.memory.usedBytes, client.told(), setsOf(listener).length], [before, "", 1]);
});

Deno.test("what is more than a worker may have under way at once is asked for one by one, and told alike", async () => {
  const listener = new FakeListener();
  const { max } = listener.changesTogether;
  assertEquals(max, 5);
  const [one, two] = [await selected(listener), await selected(listener)];
  one.say(...THREE);
  two.say(...THREE);
  assertEquals(setsOf(listener), [[1, 2, 3], 1]);
  assertEquals(listener.changesTogether.underWay, 3);
  await answer(listener, 0, ALL);
  assertEquals([one.told(), listener.changesTogether.underWay], [ANSWERS.join(""), 0]);
  await answer(listener, 1, stored(1));
  assertEquals(setsOf(listener), [[1, 2, 3], 1, 2]);
  await answer(listener, 2, stored(2));
  assertEquals(two.told(), "");
  const news = { exists: 10, recent: 0, expunged: [], changed: [], keywords: null, rights: null, highestModSeq: 3 };
  await answer(listener, 3, { ...stored(3), news: { ...news, more: false, gone: false } });
  const [last, tagged] = ANSWERS[2]!.split("\r\n");
  assertEquals(two.told(), `${ANSWERS[0]!}${ANSWERS[1]!}${last}\r\n* 10 EXISTS\r\n${tagged}\r\n`);
  assertEquals(setsOf(listener), [[1, 2, 3], 1, 2, 3]);
});
