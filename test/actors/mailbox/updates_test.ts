/** Searches whose results are told as they change (RFC 5267), as the owner of the mailbox keeps them. */
import { assert, assertEquals } from "@std/assert";
import { Failure, type Random, seededRandom, utf8 } from "../../../src/base/mod.ts";
import { Flag } from "../../../src/mail/flag.ts";
import type { OrderKey, ResultChange, ViewNews } from "../../../src/mail/mailbox_view.ts";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { SearchProgram } from "../../../src/mail/search_program.ts";
import { indexMessage } from "../../../src/protocol/imap/fetch/message_index.ts";
import type { TextSearch } from "../../../src/actors/mailbox/search/mod.ts";
import { NO_FIELDS } from "../../support/no_texts.ts";
import { ALL, inTurns, openSession, sequence, type TestSession, uids } from "./sessions.ts";
import { inMailbox, JOHN, type MailboxWorld, settle } from "./support.ts";

const UNSEEN: SearchProgram = { type: "not", of: { type: "flags", flags: Flag.seen } };
const FLAGGED: SearchProgram = { type: "flags", flags: Flag.flagged };
const ANY: SearchProgram = { type: "all" };

async function append(world: MailboxWorld, subjects: readonly string[], flags = 0): Promise<void> {
  const messages = subjects.map((subject, i) => {
    const bytes = utf8(`Subject: ${subject}\r\nFrom: <a@b.test>\r\n\r\n${"x".repeat(i % 5)}\r\n`);
    return { parts: [bytes], index: indexMessage(bytes), internalDateMs: 1_000 * i, flags, keywords: [] };
  });
  const opId = `append/${world.shard.status(JOHN, 1).uidNext}`;
  await world.mailbox.ask("mailbox.append", { account: JOHN, opId, name: INBOX_NAME, quotaBytes: 0, messages });
}

/** A search as a client knows its results. */
class Client {
  readonly results: number[] = [];
  ended = false;
  constructor(
    readonly session: TestSession,
    readonly tag: string,
    readonly program: SearchProgram,
    readonly how: { readonly uid: boolean; readonly keys?: readonly OrderKey[] },
  ) {}

  /** Asks; whether changes will be told. */
  async begin(): Promise<boolean> {
    const { session, tag, program, how: { uid, keys } } = this;
    const update = { tag, uid, sorted: keys !== undefined };
    const { found, updating } = await inTurns(
      session.world,
      session.ask("mailbox.search", { program, save: "none", modSeq: false, update }),
    );
    const all = found.flatMap((run) => Array.from({ length: run.count }, (_, i) => (uid ? run.uid : run.sequence) + i));
    if (keys === undefined || updating !== true) {
      this.results.push(...all);
      return updating === true;
    }
    const order = Uint32Array.from(this.sorted(all));
    this.results.push(...order);
    const kept = await session.ask("mailbox.keepOrder", { tag, keys, uids: new Uint8Array(order.buffer) });
    return kept.updating;
  }
  /** By subject, as the test's messages have it: "s" and a number. */
  sorted(all: readonly number[]): number[] {
    return all.toSorted((a, b) => subjectOf(b).localeCompare(subjectOf(a)) || a - b);
  }
  /** What a client does with ADDTO and REMOVEFROM, in order (RFC 5267 §4.3.3, §4.3.4). */
  take(changes: readonly ResultChange[]): void {
    for (const { tag, how, places } of changes) {
      if (tag !== this.tag) continue;
      for (const [place, pairs] of places) {
        for (const number of expanded(pairs)) {
          const at = this.results.indexOf(number);
          if (how === "removed") {
            assert(at >= 0, `${number} was no result of ${tag}`);
            if (place > 0) assertEquals(at, place - 1, "it stands at the place that is told");
            this.results.splice(at, 1);
          } else {
            assertEquals(at, -1, `${number} is a result of ${tag} already`);
            if (place > 0) this.results.splice(place - 1, 0, number);
            else this.results.push(number);
          }
        }
      }
    }
    if (this.how.keys === undefined) this.results.sort((a, b) => a - b);
  }
  /** EXPUNGE: higher numbers become lower. */
  expunged(sequence: number): void {
    if (this.how.uid) return;
    assert(!this.results.includes(sequence), `${sequence} goes, and is a result of ${this.tag}`);
    this.results.forEach((number, i) => number > sequence && (this.results[i] = number - 1));
  }
}

const subjects = new Map<number, string>();
function subjectOf(uid: number): string {
  return subjects.get(uid)!;
}

function expanded(pairs: readonly number[]): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) for (let n = pairs[i]!; n <= pairs[i + 1]!; n++) numbers.push(n);
  return numbers;
}

/** Asks for all news and hands it on as a session does. */
async function told(session: TestSession, clients: readonly Client[], expunges = true): Promise<ViewNews["updates"][]> {
  const all: ViewNews["updates"][] = [];
  for (let more = true; more;) {
    const news: ViewNews = await inTurns(session.world, session.ask("mailbox.news", { expunges }));
    const { updates } = news;
    for (const client of clients) {
      if (updates !== undefined) client.take(updates.gone);
      for (const { sequence } of news.expunged) client.expunged(sequence);
      if (updates !== undefined) client.take(updates.changed);
      client.ended ||= updates?.ended.includes(client.tag) === true;
    }
    all.push(updates);
    more = news.more;
  }
  return all;
}

async function inBox(count: number, run: (world: MailboxWorld, session: TestSession) => Promise<void>): Promise<void> {
  await inMailbox(async (world) => {
    await append(world, Array.from({ length: count }, (_, i) => `s${i}`));
    await run(world, await openSession(world));
  });
}

Deno.test("messages that come, are flagged and go are told of each search that they fit, once", () =>
  inBox(3, async (world, session) => {
    const other = await openSession(world);
    const clients = [new Client(session, "A", UNSEEN, { uid: true }), new Client(session, "B", ANY, { uid: false })];
    for (const client of clients) assert(await client.begin());
    assertEquals((await told(session, clients))[0], undefined);
    await other.store(uids(2, 2), "add", { flags: Flag.seen });
    await append(world, ["s9"]);
    assertEquals(session.listener.stirred.length, 1);
    assertEquals(await told(session, clients), [{
      gone: [],
      changed: [
        { tag: "A", how: "removed", places: [[0, [2, 2]]] },
        { tag: "A", how: "added", places: [[0, [4, 4]]], fresh: [4, 4] },
        { tag: "B", how: "added", places: [[0, [4, 4]]], fresh: [4, 4] },
      ],
      ended: [],
    }]);
    await world.shard.expunge(JOHN, 1, [1 as never]);
    // Numbers that are told of what goes hold as long as EXPUNGE is not told.
    assertEquals((await told(session, clients, false))[0]?.gone, [
      { tag: "A", how: "removed", places: [[0, [1, 1]]] },
      { tag: "B", how: "removed", places: [[0, [1, 1]]] },
    ]);
    assertEquals((await told(session, clients))[0], undefined);
    assertEquals(clients.map(({ results }) => results), [[3, 4], [1, 2, 3]]);
  }));

Deno.test("what the session itself changes is told, too", () =>
  inBox(3, async (_world, session) => {
    const client = new Client(session, "A", UNSEEN, { uid: true });
    await client.begin();
    await session.store(sequence(1, 1), "add", { flags: Flag.seen });
    await told(session, [client]);
    assertEquals(client.results, [2, 3]);
  }));

Deno.test("numbers and $ in a search name what they named when it was asked for", () =>
  inBox(4, async (world, session) => {
    await inTurns(world, session.ask("mailbox.search", { program: FLAGGED, save: "all", modSeq: false }));
    const firstTwo: SearchProgram = { type: "and", of: [{ type: "set", set: sequence(1, 2) }, UNSEEN] };
    const saved: SearchProgram = { type: "or", of: [{ type: "set", set: { by: "saved" } }, firstTwo] };
    const client = new Client(session, "A", { type: "fuzzy", of: saved }, { uid: true });
    await client.begin();
    await world.shard.expunge(JOHN, 1, [1 as never]);
    await session.store(uids(3, 4), "add", { flags: Flag.flagged });
    await told(session, [client]);
    assertEquals(client.results, [2]);
  }));

Deno.test("searches of one view are bounded, and one that is cancelled makes room", () =>
  inBox(1, async (_world, session) => {
    const kept: boolean[] = [];
    for (let i = 0; i < 18; i++) kept.push(await new Client(session, `t${i}`, ANY, { uid: true }).begin());
    assertEquals(kept.filter((each) => each).length, 16);
    await session.ask("mailbox.cancelUpdates", { tags: ["t3", "t99"] });
    assert(await new Client(session, "more", ANY, { uid: true }).begin());
    assert(!await new Client(session, "again", ANY, { uid: true }).begin());
    // The same tag takes the place of the one before.
    assert(await new Client(session, "more", UNSEEN, { uid: true }).begin());
  }));

Deno.test("what searches of a view and of an account hold is bounded in bytes, and given back when views close", () => {
  return inMailbox(async (world) => {
    const text = "x".repeat(10_000);
    const of = Array.from({ length: 60 }, () => ({ type: "header" as const, field: "x", text }));
    const kept = async (session: TestSession, tag: string) => {
      const update = { tag, uid: true, sorted: false };
      const ask = session.ask("mailbox.search", { program: { type: "and", of }, save: "none", modSeq: false, update });
      return (await inTurns(world, ask)).updating;
    };
    const sessions: TestSession[] = [];
    let count = 0;
    for (let i = 0; i < 10; i++) {
      const session = await openSession(world);
      sessions.push(session);
      for (let tag = 0; tag < 3; tag++) if (await kept(session, `${tag}`)) count++;
    }
    // One takes a good megabyte: one fits a view, six an account.
    assertEquals(count, 6);
    await sessions[0]!.close();
    assert(await kept(sessions[9]!, "now"));
  }, { texts: NOWHERE });
});

/** Finds no text anywhere. */
const NOWHERE: TextSearch = {
  find: (_query, keys) => Promise.resolve(keys.map(() => new Set<number>())),
  grade: () => Promise.resolve([]),
  ...NO_FIELDS,
  forget() {},
};

/** Flagged messages, as a search that takes about two bytes for each of so many characters. */
function large(characters: number): SearchProgram {
  const of = Array.from({ length: 100 }, (_, i) => {
    const length = Math.min(10_000, Math.max(1, characters - i * 10_000));
    return { type: "header" as const, field: "x", text: "x".repeat(length) };
  });
  return { type: "or", of: [FLAGGED, { type: "and", of }] };
}

/** How many characters a search may have at most so that changes are told. */
async function largest(session: TestSession, begin: (characters: number) => Promise<boolean>): Promise<number> {
  let [fits, not] = [100, 1_000_000];
  while (not - fits > 1) {
    const middle = (fits + not) >>> 1;
    if (await begin(middle)) fits = middle;
    else not = middle;
    await session.ask("mailbox.cancelUpdates", { tags: ["large"] });
  }
  return fits;
}

Deno.test("a search whose results outgrow the room is ended, and that is told; others of the view go on", () =>
  inMailbox(async (world) => {
    await append(world, Array.from({ length: 9 }, () => "s"));
    const session = await openSession(world);
    const small = new Client(session, "small", large(60_000), { uid: true });
    assert(await small.begin());
    const begin = (characters: number) => new Client(session, "large", large(characters), { uid: true }).begin();
    const client = new Client(session, "large", large(await largest(session, begin)), { uid: true });
    assert(await client.begin());
    await session.store(uids(1, 9), "add", { flags: Flag.seen });
    await told(session, [small, client]);
    assertEquals([client.ended, small.ended], [false, false], "results that stay as they are take no more room");
    for (const uid of [1, 3]) await session.store(uids(uid, uid), "add", { flags: Flag.flagged });
    await told(session, [small, client]);
    assertEquals([client.ended, small.ended, small.results], [true, false, [1, 3]]);
    await session.store(uids(5, 5), "add", { flags: Flag.flagged });
    const updates = await told(session, [small, client]);
    assertEquals([updates.length, updates[0]?.ended, small.results], [1, [], [1, 3, 5]]);
    assert(await begin(1), "what it held is free again");
  }, { texts: NOWHERE }));

Deno.test("an order for which there is no room is not kept, and its search is forgotten", () =>
  inMailbox(async (world) => {
    await append(world, Array.from({ length: 100 }, () => "s"), Flag.flagged);
    const session = await openSession(world);
    const order = new Uint8Array(Uint32Array.from({ length: 100 }, (_, i) => i + 1).buffer);
    const keys: OrderKey[] = [{ key: "subject", reverse: true }];
    const wait = async (characters: number) => {
      const update = { tag: "large", uid: true, sorted: true };
      const program = large(characters);
      const ask = session.ask("mailbox.search", { program, save: "none", modSeq: false, update });
      return (await inTurns(world, ask)).updating === true;
    };
    const keep = () => session.ask("mailbox.keepOrder", { tag: "large", keys, uids: order });
    assert(await new Client(session, "other", large(60_000), { uid: true }).begin());
    const characters = await largest(session, wait);
    assert(await wait(characters));
    assertEquals([await keep(), await keep()], [{ updating: false }, { updating: false }]);
    // A hundred numbers take 400 bytes, two hundred characters.
    assert(await wait(characters - 199));
    assertEquals(await keep(), { updating: false });
    assert(await wait(characters - 201));
    assertEquals(await keep(), { updating: true });
  }, { texts: NOWHERE }));

Deno.test("an order that does not fit its results is not kept, and a search that waits for one is forgotten", () =>
  inBox(3, async (world, session) => {
    const keys: OrderKey[] = [{ key: "subject", reverse: true }];
    const ask = (tag: string) =>
      inTurns(
        world,
        session.ask("mailbox.search", {
          program: ANY,
          save: "none",
          modSeq: false,
          update: { tag, uid: true, sorted: true },
        }),
      );
    const order = (...uids: number[]) => new Uint8Array(Uint32Array.from(uids).buffer);
    assertEquals(await session.ask("mailbox.keepOrder", { tag: "none", keys, uids: order(1) }), { updating: false });
    await ask("A");
    assertEquals(await session.ask("mailbox.keepOrder", { tag: "A", keys, uids: order(1, 2, 2) }), { updating: false });
    await ask("B");
    await told(session, []);
    assertEquals(await session.ask("mailbox.keepOrder", { tag: "B", keys, uids: order(1) }), { updating: false });
    await ask("C");
    // Of the bytes it may lie anywhere in a message.
    const odd = new Uint8Array(9);
    odd.set(order(3, 1), 1);
    assertEquals(await session.ask("mailbox.keepOrder", { tag: "C", keys, uids: odd.subarray(1) }), { updating: true });
    // What is not in the order was gone before it could be told.
    await session.store(uids(2, 2), "add", { flags: Flag.seen });
    assertEquals((await told(session, []))[0]?.changed, [{ tag: "C", how: "added", places: [[2, [2, 2]]] }]);
  }));

Deno.test("texts that cannot be searched now are searched later, and nothing is lost", () => {
  let failing = false;
  const texts: TextSearch = {
    find: ({ contents }) =>
      failing ? Promise.reject(new Failure("down", "as the test wants it")) : Promise.resolve([new Set(contents)]),
    grade: () => Promise.resolve([]),
    ...NO_FIELDS,
    forget() {},
  };
  return inMailbox(async (world) => {
    await append(world, ["s0"]);
    const session = await openSession(world);
    const client = new Client(session, "A", { type: "body", text: "x" }, { uid: true });
    await client.begin();
    failing = true;
    await append(world, ["s1"]);
    await told(session, [client]);
    assertEquals(client.results, [1]);
    failing = false;
    const before = session.listener.stirred.length;
    await settle();
    world.clock.advance(1_000);
    await settle();
    assert(session.listener.stirred.length > before, "the session is woken again");
    await told(session, [client]);
    assertEquals(client.results, [1, 2]);
  }, { texts });
});

Deno.test("a million flags at once are looked at as a whole", () =>
  inBox(1, async (world, session) => {
    const client = new Client(session, "A", FLAGGED, { uid: true });
    for (let i = 0; i < 12; i++) await append(world, Array.from({ length: 1_000 }, () => "s"));
    await told(session, []);
    await client.begin();
    const other = await openSession(world);
    await inTurns(world, other.store(ALL, "add", { flags: Flag.flagged }));
    const updates = await told(session, [client]);
    assertEquals(client.results.length, 12_001);
    assertEquals(updates[0]?.changed, [{ tag: "A", how: "added", places: [[0, [1, 12_001]]] }]);
  }));

/** One step of a random session; other sessions change the mailbox. */
async function step(world: MailboxWorld, random: Random, session: TestSession, other: TestSession): Promise<void> {
  const { uidNext } = world.shard.status(JOHN, 1);
  const uid = 1 + Math.floor(random.next() * (uidNext - 1));
  const flags = random.next() < 0.5 ? Flag.seen : Flag.flagged;
  const how = random.next() < 0.5 ? "add" : "remove";
  const last = Math.min(uidNext - 1, uid + Math.floor(random.next() * 4));
  const choice = random.next();
  if (choice < 0.3) {
    const fresh = Array.from({ length: 1 + Math.floor(random.next() * 4) }, () => `s${Math.floor(random.next() * 50)}`);
    fresh.forEach((subject, i) => subjects.set(uidNext + i, subject));
    await append(world, fresh, random.next() < 0.3 ? flags : 0);
  } else if (choice < 0.5) await world.shard.expunge(JOHN, 1, [uid as never]);
  else await (choice < 0.75 ? session : other).store(uids(uid, last), how, { flags });
}

Deno.test("whatever happens, clients that follow what they are told know what a new search would find", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = seededRandom(seed);
    subjects.clear();
    await inMailbox(async (world) => {
      const first = Array.from({ length: 20 }, (_, i) => `s${(i * 7) % 20}`);
      first.forEach((subject, i) => subjects.set(1 + i, subject));
      await append(world, first);
      const [session, other] = [await openSession(world), await openSession(world)];
      const keys: OrderKey[] = [{ key: "subject", reverse: true }];
      const clients = [
        new Client(session, "unseen", UNSEEN, { uid: true }),
        new Client(session, "numbers", { type: "or", of: [UNSEEN, FLAGGED] }, { uid: false }),
        new Client(session, "all", ANY, { uid: false }),
        new Client(session, "sorted", FLAGGED, { uid: true, keys }),
        new Client(session, "unsorted", UNSEEN, { uid: true, keys }),
      ];
      for (const client of clients) assert(await client.begin());
      for (let i = 0; i < 60; i++) {
        await step(world, random, session, other);
        if (random.next() < 0.4) await told(session, clients, random.next() < 0.5);
      }
      await told(session, clients);
      for (const { tag, program, results, how } of clients) {
        const ask = session.ask("mailbox.search", { program, save: "none", modSeq: false });
        const { found } = await inTurns(world, ask);
        const now = found.flatMap((run) =>
          Array.from({ length: run.count }, (_, i) => (how.uid ? run.uid : run.sequence) + i)
        );
        assertEquals(results, how.keys === undefined ? now : clients[3]!.sorted(now), `${tag}, seed ${seed}`);
      }
    });
  }
});
