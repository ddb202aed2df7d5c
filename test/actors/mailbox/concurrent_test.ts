import { assert, assertEquals } from "@std/assert";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { FlagRow, MessageSet } from "../../../src/mail/mailbox_view.ts";
import { gatherStores } from "../../../src/mail/store_wish.ts";
import { type Dice, dice } from "../../support/dice.ts";
import { ALL, inTurns, openSession, type TestSession } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, settle } from "./support.ts";

const CLIENTS = 5;
const COMMANDS = 40;

/** A client that takes for true what it is told, in the order in which it is told. */
interface Client {
  readonly session: TestSession;
  readonly random: Dice;
  /** Flags and keywords by UID, as they were told last. */
  readonly flags: Map<number, string>;
}

function note({ flags, session }: Client, row: FlagRow): void {
  session.note(row);
  flags.set(row.uid, marks(row));
}

function marks({ flags, keywords }: Pick<FlagRow, "flags" | "keywords">): string {
  return `${flags} ${[...keywords].sort().join(" ")}`;
}

Deno.test("sessions that all write at once never take one message for another, and end up with the same", async () => {
  for (let seed = 1; seed <= 15; seed++) await inMailbox((world) => runAtOnce(world, seed));
});

Deno.test("the same holds when they write to the disk at once", async () => {
  for (let seed = 51; seed <= 54; seed++) await inMailbox((world) => runAtOnce(world, seed), { disk: true });
});

async function runAtOnce(world: MailboxWorld, seed: number): Promise<void> {
  await deliver(world, `first/${seed}`, 60);
  const clients: Client[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    clients.push({ session: await openSession(world), random: dice(seed * 100 + i), flags: new Map() });
  }
  world.hold = true;
  const work = Promise.all(clients.map((client, i) => live(world, client, `${seed}/${i}`)));
  await pumped(world, work, dice(seed));
  world.hold = false;
  world.flush();
  for (const client of clients) await compare(world, client, seed);
}

/** The disk flushes when it likes: what waits then forms a group. */
async function pumped(world: MailboxWorld, work: Promise<unknown>, random: Dice): Promise<void> {
  let done = false;
  const ended = () => void (done = true);
  work.then(ended, ended);
  while (!done) {
    await settle();
    if (random.below(3) > 0) world.flush();
    world.clock.advance(1);
  }
  await work;
}

async function deliver(world: MailboxWorld, name: string, count: number): Promise<void> {
  const targets = [{ account: JOHN, quotaBytes: 0 }];
  const one = (i: number) => world.mailbox.ask("mailbox.deliver", { opId: `${name}/${i}`, targets, parts: [MAIL] });
  await Promise.all(Array.from({ length: count }, (_, i) => one(i)));
}

async function live(world: MailboxWorld, client: Client, name: string): Promise<void> {
  for (let i = 0; i < COMMANDS; i++) await oneCommand(world, client, `${name}/${i}`);
}

async function oneCommand(world: MailboxWorld, client: Client, name: string): Promise<void> {
  const { session, random } = client;
  const set = anySet(client);
  switch (random.below(10)) {
    case 0:
      return await deliver(world, name, random.below(6));
    case 1:
    case 2: {
      const how = random.pick(["add", "remove", "replace"] as const)!;
      const keywords = random.below(3) === 0 ? ["$Work"] : [];
      const stored = await session.store(set, how, { flags: random.below(16), keywords });
      for (const row of stored.rows) note(client, row);
      return;
    }
    case 3:
      return void await session.ask("mailbox.expungeDeleted", { set: random.below(2) === 0 ? null : set });
    case 4:
      return void await session.ask("mailbox.copy", { set, to: INBOX_NAME, move: random.below(2) === 0 });
    case 5: {
      const program = { type: "and", of: [{ type: "set", set }, { type: "flags", flags: random.below(4) }] } as const;
      const { found } = await session.ask("mailbox.search", { program, save: "none", modSeq: false });
      for (const { sequence, uid, count } of found) {
        for (let i = 0; i < count; i++) session.note({ sequence: sequence + i, uid: uid + i } as FlagRow);
      }
      return;
    }
    case 6: {
      for (const row of await session.rows(set)) note(client, row);
      return;
    }
    case 7:
      return await pipeline(client);
    default:
      return await news(client, random.below(3) > 0);
  }
}

/** Messages apart from each other change at once; no news is asked for before all answers are there, and told in their order. */
async function pipeline(client: Client): Promise<void> {
  const { session, random } = client;
  const by = random.below(2) === 0 ? "uid" as const : "sequence" as const;
  const first = random.below(40) + 1;
  const each = Array.from({ length: random.below(6) + 2 }, (_, i) => first + i);
  const most = by === "uid" ? 150 : session.uids.length;
  const stores = each.filter((number) => number <= most).map((number) => ({
    ...{ set: { by, pairs: [number, number] }, how: "add" as const, flags: random.below(16) },
    ...{ keywords: [], unchangedSince: null },
  }));
  if (stores.length === 0) return;
  if (random.below(2) === 0) {
    const { answers } = await session.ask("mailbox.storeEach", { stores: gatherStores(stores) });
    for (const answer of answers) if (answer?.type === "stored") { for (const row of answer.rows) note(client, row); }
    return;
  }
  const answers = stores.map(({ set, how, ...change }) => session.store(set, how, change));
  for (const { rows } of await Promise.all(answers)) for (const row of rows) note(client, row);
}

async function news(client: Client, expunges: boolean): Promise<void> {
  const { session } = client;
  await session.news(expunges, (row) => note(client, row));
}

function anySet({ session: { uids }, random }: Client): MessageSet {
  const by = random.below(2) === 0 ? "uid" as const : "sequence" as const;
  const highest = by === "uid" ? 150 : uids.length;
  const first = random.below(highest + 1);
  return { by, pairs: [first, first === 0 ? 0 : Math.min(highest, first + random.below(12))] };
}

Deno.test("changes that one session makes at once share a flush, and none of them is news to it", async () => {
  await inMailbox(async (world) => {
    await deliver(world, "first", 6);
    const session = await openSession(world);
    world.hold = true;
    const answers = [1, 2, 3, 4].map((number) =>
      session.store({ by: "sequence", pairs: [number, number] }, "add", { flags: number })
    );
    await settle();
    world.hold = false;
    world.flush();
    const stored = await Promise.all(answers);
    assertEquals(stored.map(({ rows }) => rows.map(({ uid, flags }) => [uid as number, flags])), [
      ...[[[1, 1]], [[2, 2]], [[3, 3]], [[4, 4]]],
    ]);
    const { changed, more } = await session.news();
    assertEquals([changed, more], [[], false]);
  });
});

/** When all was told, the client sees what is there. */
async function compare(world: MailboxWorld, client: Client, seed: number): Promise<void> {
  const { session, flags } = client;
  await news(client, true);
  const { rows, more } = world.shard.list(JOHN, 1, 0, 10_000);
  assert(!more);
  const known = new Map(flags);
  const shown = await inTurns(world, session.rows(ALL));
  assertEquals(shown.map(({ uid }) => uid as number), rows.map(({ uid }) => uid as number), `seed ${seed}`);
  assertEquals(session.uids, shown.map(({ uid }) => uid as number));
  for (const row of shown) {
    const told = known.get(row.uid);
    if (told !== undefined) assertEquals(told, marks(row), `seed ${seed}: flags of ${row.uid}`);
  }
}
