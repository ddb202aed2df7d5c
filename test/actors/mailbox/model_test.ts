import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../../src/mail/flag.ts";
import { INBOX_NAME, type MailboxName } from "../../../src/mail/mailbox_name.ts";
import type { FlagRow, ViewNews } from "../../../src/mail/mailbox_view.ts";
import { numbersIn } from "../../../src/mail/ranges.ts";
import { type Dice, dice } from "../../support/dice.ts";
import { inTurns, openSession, type TestSession } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld } from "./support.ts";

/** What the mailbox is: the truth that sessions learn of bit by bit. */
interface Truth {
  /** Flags and keywords of each message that is there, by its UID. */
  readonly messages: Map<number, { flags: number; keywords: string[] }>;
  uidNext: number;
}

/** A session, and what it was told. */
interface Client {
  readonly session: TestSession;
  /** UIDs by sequence numbers. */
  list: number[];
  /** Flags and keywords as they were told last, for those that were. */
  readonly flags: Map<number, string>;
  saved: number[];
}

const OTHER = "Other" as MailboxName;
const KEYWORDS = ["$Work", "Later", "Junk"];
const STEPS = 120;

Deno.test("sessions on one mailbox see what a plain list of messages would show them, whatever they do", async () => {
  for (let seed = 1; seed <= 12; seed++) await inMailbox((world) => runModel(world, seed));
});

Deno.test("the same holds over the store on the disk", async () => {
  for (let seed = 101; seed <= 104; seed++) await inMailbox((world) => runModel(world, seed), { disk: true });
});

/** Several sessions do what they like, one after the other; each answer is compared with the truth. */
async function runModel(world: MailboxWorld, seed: number): Promise<void> {
  const random = dice(seed);
  const model: Model = { world, random, truth: { messages: new Map(), uidNext: 1 }, clients: [], ops: 0, seed };
  await world.mailbox.ask("mailbox.create", { account: JOHN, name: OTHER, specialUse: null });
  for (let step = 0; step < STEPS; step++) {
    try {
      await oneStep(model);
    } catch (error) {
      throw new Error(`seed ${seed}, step ${step}`, { cause: error });
    }
  }
  for (const client of model.clients) {
    await news(model, client, true);
    await readAll(model, client);
    await client.session.close();
  }
}

interface Model {
  readonly world: MailboxWorld;
  readonly random: Dice;
  readonly truth: Truth;
  readonly clients: Client[];
  ops: number;
  readonly seed: number;
}

const VERBS = [deliver, deliver, open, leave, tell, tell, store, store, expunge, copy, move, read, search, readSaved];

async function oneStep(model: Model): Promise<void> {
  const client = model.random.pick(model.clients);
  const verb = model.random.pick(VERBS)!;
  if (client === undefined) return await (verb === deliver ? deliver(model) : open(model));
  await verb(model, client);
  assertEquals(client.session.uids.length, client.list.length);
}

async function deliver({ world, random, truth, ...model }: Model): Promise<void> {
  const count = random.below(25);
  const flags = random.below(4);
  const ops = Array.from({ length: count }, (_, i) =>
    world.mailbox.ask("mailbox.deliver", {
      opId: `op/${model.seed}/${truth.uidNext + i}`,
      targets: [{ account: JOHN, quotaBytes: 0 }],
      parts: [MAIL],
      flags,
    }));
  for (const answer of await Promise.all(ops)) {
    assert(answer.type === "delivered");
    assertEquals(answer.uids[0] as number, truth.uidNext);
    truth.messages.set(truth.uidNext++, { flags, keywords: [] });
  }
}

async function open({ world, truth, clients }: Model): Promise<void> {
  if (clients.length >= 5) return;
  const session = await openSession(world);
  assertEquals(session.opened.status.messages, truth.messages.size);
  clients.push({ session, list: [...truth.messages.keys()], flags: new Map(), saved: [] });
}

async function leave({ clients, random }: Model, client: Client): Promise<void> {
  if (random.below(4) > 0) return;
  clients.splice(clients.indexOf(client), 1);
  await client.session.close();
}

async function tell(model: Model, client: Client): Promise<void> {
  await news(model, client, model.random.below(2) === 0);
}

/** What is news; first what came along with another answer. */
async function news({ truth }: Model, client: Client, expunges: boolean, brought?: ViewNews): Promise<void> {
  for (let first = brought;; first = undefined) {
    const news = first ?? await client.session.ask("mailbox.news", { expunges });
    for (const { sequence, uid } of news.expunged) {
      assertEquals(client.list[sequence - 1], uid, "the number that is told is the one the client has");
      assert(!truth.messages.has(uid));
      client.list.splice(sequence - 1, 1);
      client.flags.delete(uid);
    }
    if (!expunges) assertEquals(news.expunged, []);
    const last = client.list.at(-1) ?? 0;
    if (news.exists > client.list.length) {
      client.list.push(...[...truth.messages.keys()].filter((uid) => uid > last && !client.list.includes(uid)));
    }
    assertEquals(news.exists, client.list.length);
    for (const row of news.changed) note(client, row);
    if (!news.more) break;
  }
  client.session.uids = client.list.map(() => 0);
  // Nothing that the client was told of differs from the truth any more.
  for (const [uid, flags] of client.flags) {
    if (truth.messages.has(uid)) assertEquals(flags, flagsOf(truth, uid), `flags of ${uid}`);
  }
  if (expunges) assertEquals(client.list, [...truth.messages.keys()]);
}

function flagsOf({ messages }: Truth, uid: number): string {
  const { flags, keywords } = messages.get(uid)!;
  return `${flags} ${[...keywords].sort().join(" ")}`;
}

function note(client: Client, { sequence, uid, flags, keywords }: FlagRow): void {
  assertEquals(client.list[sequence - 1], uid, `row ${sequence}`);
  client.flags.set(uid, `${flags} ${[...keywords].sort().join(" ")}`);
}

/** A set by numbers or UIDs, and the messages in it that are there, as the client must see them. */
function anySet({ random, truth }: Model, client: Client) {
  const by = random.below(2) === 0 ? "uid" as const : "sequence" as const;
  const highest = by === "uid" ? truth.uidNext + 3 : client.list.length;
  const pairs: number[] = [];
  for (let i = 0; i <= random.below(4); i++) {
    const first = random.below(highest + 1);
    pairs.push(first, random.below(2) === 0 ? first : Math.min(highest, first + random.below(20)));
  }
  const star = by === "uid" ? client.list.at(-1) ?? 0 : client.list.length;
  const named = client.list.filter((uid, index) => {
    const number = by === "uid" ? uid : index + 1;
    for (let i = 0; i < pairs.length; i += 2) {
      const [a, b] = [pairs[i]! || star, pairs[i + 1]! || star];
      if (number >= Math.min(a, b) && number <= Math.max(a, b)) return true;
    }
    return false;
  });
  const present = named.filter((uid) => truth.messages.has(uid));
  return { set: { by, pairs }, present, missing: by === "sequence" && present.length < named.length };
}

async function read(model: Model, client: Client): Promise<void> {
  const { set, present } = anySet(model, client);
  const rows = await client.session.rows(set);
  assertEquals(rows.map(({ uid }) => uid as number), present);
  for (const row of rows) {
    note(client, row);
    assertEquals(client.flags.get(row.uid), flagsOf(model.truth, row.uid));
  }
}

async function readAll(model: Model, client: Client): Promise<void> {
  const rows = await client.session.rows({ by: "sequence", pairs: [1, 0] });
  assertEquals(rows.map(({ sequence, uid }) => [sequence, uid as number]), client.list.map((uid, i) => [i + 1, uid]));
  for (const row of rows) {
    note(client, row);
    assertEquals(client.flags.get(row.uid), flagsOf(model.truth, row.uid));
  }
}

async function store(model: Model, client: Client): Promise<void> {
  const { random, truth } = model;
  const { set, present, missing } = anySet(model, client);
  const how = random.pick(["add", "remove", "replace"] as const)!;
  const change = { flags: random.below(16), keywords: KEYWORDS.filter(() => random.below(4) === 0) };
  const silent = random.below(3) === 0;
  const expunges = random.below(2) === 0;
  const wanted = random.below(2) === 0 ? {} : { news: { expunges } };
  const stored = await client.session.store(set, how, { ...change, silent, ...wanted });
  for (const uid of present) apply(truth.messages.get(uid)!, how, change);
  assertEquals(stored.rows.map(({ uid }) => uid as number), silent ? [] : present);
  assertEquals(stored.missing, missing);
  for (const row of stored.rows) {
    note(client, row);
    assertEquals(client.flags.get(row.uid), flagsOf(truth, row.uid));
  }
  // Silent, the client knows what it did.
  if (silent) { for (const uid of present) client.flags.set(uid, flagsOf(truth, uid)); }
  if (stored.news !== undefined) await news(model, client, expunges, stored.news);
}

type Marks = { flags: number; keywords: string[] };

function apply(message: Marks, how: "add" | "remove" | "replace", { flags, keywords }: Marks): void {
  if (how === "replace") message.flags = flags;
  else message.flags = how === "add" ? message.flags | flags : message.flags & ~flags;
  if (how === "replace") message.keywords = [...keywords];
  else if (how === "add") message.keywords = [...new Set([...message.keywords, ...keywords])];
  else message.keywords = message.keywords.filter((keyword) => !keywords.includes(keyword));
}

async function expunge(model: Model, client: Client): Promise<void> {
  const { truth, world } = model;
  const { set, present } = anySet(model, client);
  await inTurns(world, client.session.ask("mailbox.expungeDeleted", { set }));
  for (const uid of present) if ((truth.messages.get(uid)!.flags & Flag.deleted) !== 0) truth.messages.delete(uid);
}

async function copy(model: Model, client: Client): Promise<void> {
  const { truth } = model;
  const { set, present } = anySet(model, client);
  const outcome = await client.session.ask("mailbox.copy", { set, to: INBOX_NAME, move: false });
  assert(outcome.type === "copied");
  assertEquals([...numbersIn(outcome.from)], present);
  const copies = [...numbersIn(outcome.to)];
  for (const [i, uid] of present.entries()) {
    assertEquals(copies[i], truth.uidNext);
    const { flags, keywords } = truth.messages.get(uid)!;
    truth.messages.set(truth.uidNext++, { flags, keywords: [...keywords] });
  }
}

async function move(model: Model, client: Client): Promise<void> {
  const { set, present } = anySet(model, client);
  const outcome = await client.session.ask("mailbox.copy", { set, to: OTHER, move: true });
  assert(outcome.type === "copied");
  assertEquals([...numbersIn(outcome.from)], present);
  for (const uid of present) model.truth.messages.delete(uid);
}

async function search(model: Model, client: Client): Promise<void> {
  const { truth, random, world } = model;
  const { set, present } = anySet(model, client);
  const flags = random.below(4);
  const program = { type: "and", of: [{ type: "set", set }, { type: "flags", flags }] } as const;
  const { found } = await inTurns(world, client.session.ask("mailbox.search", { program, save: "all", modSeq: false }));
  const wanted = present.filter((uid) => (truth.messages.get(uid)!.flags & flags) === flags);
  const numbers = found.flatMap(({ sequence, uid, count }) =>
    Array.from({ length: count }, (_, i) => [sequence + i, uid + i])
  );
  assertEquals(numbers, wanted.map((uid) => [client.list.indexOf(uid) + 1, uid]));
  client.saved = wanted;
}

async function readSaved({ truth }: Model, client: Client): Promise<void> {
  const rows = await client.session.rows({ by: "saved" });
  assertEquals(rows.map(({ uid }) => uid as number), client.saved.filter((uid) => truth.messages.has(uid)));
  for (const row of rows) note(client, row);
}
