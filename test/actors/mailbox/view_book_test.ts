import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ViewBook } from "../../../src/actors/mailbox/view_book.ts";
import { Failure, FakeClock } from "../../../src/base/mod.ts";
import type { RowPage } from "../../../src/mail/mailbox_view.ts";
import { RowColumns } from "../../../src/mail/row_columns.ts";
import type { Uid } from "../../../src/mail/uid.ts";
import { dice } from "../../support/dice.ts";
import { inTurns, openSession, uids } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, settle, spawnListener } from "./support.ts";

/** Appends many messages, of which every `nth` is flagged. */
async function fill(world: MailboxWorld, count: number, nth = 0): Promise<void> {
  for (let done = 0; done < count; done += 1_000) {
    const messages = Array.from({ length: Math.min(1_000, count - done) }, (_, i) => ({
      parts: [MAIL],
      index: null,
      internalDateMs: null,
      flags: nth > 0 && (done + i) % nth === 0 ? 4 : 0,
      keywords: [],
    }));
    const name = "INBOX" as never;
    await world.mailbox.ask("mailbox.append", { account: JOHN, opId: `fill/${done}`, name, quotaBytes: 0, messages });
  }
}

Deno.test("with many views of an account, one that lies far behind ends sooner", () =>
  inMailbox(async (world) => {
    await fill(world, 16_200);
    const listener = await spawnListener(world, "front");
    const sessions = [];
    for (let i = 0; i < 250; i++) sessions.push(await openSession(world, { listener }));
    const expunge = async (first: number, last: number) => {
      const gone = Array.from({ length: last - first + 1 }, (_, i) => first + i as Uid);
      await world.mailbox.ask("mailbox.expunge", { account: JOHN, mailbox: 1, uids: gone });
    };
    // 4,000,000 for all: 16,000 for each of 250.
    await expunge(1, 16_000);
    assertEquals((await sessions[0]!.ask("mailbox.news", { expunges: false })).gone, false);
    await sessions[0]!.news();
    await expunge(16_001, 16_001);
    assertEquals((await sessions[0]!.ask("mailbox.news", { expunges: true })).gone, false);
    assertEquals((await sessions[1]!.ask("mailbox.news", { expunges: true })).gone, true);
  }));

Deno.test("a result in too many pieces is not kept", () =>
  inMailbox(async (world) => {
    await fill(world, 4_200, 2);
    const listener = await spawnListener(world, "front");
    const program = { type: "flags", flags: 4 } as const;
    const a = await openSession(world, { listener });
    const search = (save: "all" | "none") => inTurns(world, a.ask("mailbox.search", { program, save, modSeq: false }));
    assertEquals((await search("all")).found.length, 2_100);
    assertEquals((await a.rows({ by: "saved" })).length, 2_100);
    // 500,000 for all: 2,000 for each of 250.
    for (let i = 1; i < 250; i++) await openSession(world, { listener });
    assertEquals((await assertRejects(() => search("all"), Failure)).kind, "refused");
    assertEquals((await a.rows({ by: "saved" })).length, 0);
    assertEquals((await search("none")).found.length, 2_100);
    assertEquals((await a.rows(uids(1, 3))).length, 3);
  }));

Deno.test("flags of very many messages are told all the same, in pages, and each once", () =>
  inMailbox(async (world) => {
    await fill(world, 12_000);
    const [a, b] = [await openSession(world), await openSession(world)];
    const stored = await b.store(uids(1, 12_000), "add", { flags: 1 });
    assertEquals([stored.rows.length, stored.next], [1_000, 1_000]);
    assertEquals((await b.ask("mailbox.news", { expunges: true })).changed, []);
    const told: number[] = [];
    for (let more = true; more;) {
      const news = await a.ask("mailbox.news", { expunges: true });
      told.push(...news.changed.map(({ uid, flags }) => flags === 1 ? uid as number : 0));
      more = news.more;
      assertEquals(news.changed.length <= 1_000, true);
    }
    assertEquals(told, Array.from({ length: 12_000 }, (_, i) => i + 1));
    const { highestModSeq, changed } = await a.ask("mailbox.news", { expunges: true });
    assertEquals([highestModSeq, changed], [world.shard.status(JOHN, 1).highestModSeq, []]);
  }));

Deno.test("what vanished of a large mailbox is found in turns, and what goes meanwhile is told as it leaves", () =>
  inMailbox(async (world) => {
    await fill(world, 30_000);
    const uidsOf = (first: number, step: number) =>
      Array.from({ length: Math.floor((30_000 - first) / step) + 1 }, (_, i) => first + i * step as Uid);
    const gone = uidsOf(1, 50);
    await world.mailbox.ask("mailbox.expunge", { account: JOHN, mailbox: 1, uids: gone });
    const { uidValidity } = world.shard.status(JOHN, 1);
    const listener = await spawnListener(world, "front");
    const opening = openSession(world, { listener, since: { uidValidity, modSeq: 0, known: null, match: null } });
    await settle();
    const late = [29_950, 29_952] as Uid[];
    await world.mailbox.ask("mailbox.expunge", { account: JOHN, mailbox: 1, uids: late });
    assertEquals(listener.stirred, []);
    const session = await inTurns(world, opening);
    assertEquals(session.opened.vanished, gone.flatMap((uid) => [uid, uid]));
    await settle();
    assertEquals(listener.stirred, [session.opened.view]);
    assertEquals((await session.news()).expunged.map(({ uid }) => uid), late);
  }));

Deno.test("changes beyond what one answer names are found by looking at all rows, page by page", () =>
  inMailbox(async (world) => {
    await fill(world, 25_000);
    const a = await openSession(world);
    const changedSince = world.shard.status(JOHN, 1).highestModSeq;
    await a.store(uids(1, 24_000), "add", { flags: 1 });
    await a.store(uids(24_500, 24_501), "add", { flags: 8 });
    await inTurns(world, a.ask("mailbox.expungeDeleted", { set: null }));
    await a.news();
    assertEquals(world.shard.changes(JOHN, 1, changedSince), null);
    const ask = { set: uids(1, 0), index: false, changedSince, vanished: true };
    const first = await inTurns(world, a.ask("mailbox.rows", { ...ask, after: 0 }));
    assertEquals([first.rows.length, first.next, first.vanished], [1_000, 1_000, [24_500, 24_501]]);
    const changed = await inTurns(world, a.rows(uids(1, 0), { changedSince }));
    assertEquals(changed.length, 24_000);
    // The same by columns, as FETCH asks: each once, in order, however often it has to be asked.
    const told: number[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: RowPage = await inTurns(
        world,
        a.ask("mailbox.page", {
          ...{ set: uids(1, 0), after, changedSince, vanished: true },
          index: "none",
          headBytes: 0,
        }),
      );
      const columns = RowColumns.of(page.rows)!;
      for (let i = 0; i < columns.count; i++) told.push(columns.uid[i]!);
      assertEquals(page.vanished, after === 0 ? [24_500, 24_501] : []);
      after = page.next;
    }
    assertEquals(told, Array.from({ length: 24_000 }, (_, i) => i + 1));
  }));

Deno.test("long sets of numbers come in pages, ghosts between them, each message under its number", () =>
  inMailbox(async (world) => {
    await fill(world, 6_000);
    const a = await openSession(world);
    const random = dice(7);
    const gone = Array.from({ length: 6_000 }, (_, i) => i + 1 as Uid).filter(() => random.below(5) === 0);
    await world.mailbox.ask("mailbox.expunge", { account: JOHN, mailbox: 1, uids: gone });
    const left = new Set(gone as number[]);
    for (let i = 0; i < 20; i++) {
      const pairs: number[] = [];
      for (let n = 0; n < 200; n++) {
        const first = 1 + random.below(6_000);
        pairs.push(first, Math.min(6_000, first + random.below(60)));
      }
      // The client knows all 6,000: the number of each is its UID.
      const named = Array.from({ length: 6_000 }, (_, at) => at + 1).filter((uid) =>
        !left.has(uid) && pairs.some((first, at) => at % 2 === 0 && uid >= first && uid <= pairs[at + 1]!)
      );
      const rows = await a.rows({ by: "sequence", pairs });
      assertEquals(rows.map(({ sequence }) => sequence), named);
      assertEquals(rows.map(({ uid }) => uid as number), named);
    }
  }));

/** A book that no shard stands behind. */
function bareBook(views = 0): ViewBook {
  return new ViewBook({
    ...{ shard: { onChange: () => () => {} } as never, budget: { views, liveBytes: 0 }, clock: new FakeClock() },
    ...{ firstView: 1, ref: () => null as never, watch: () => () => {} },
  });
}

Deno.test("all accounts of a worker together have fifty thousand views at most", () => {
  bareBook(49_999).checkRoom(JOHN, "s");
  assertEquals(assertThrows(() => bareBook(50_000).checkRoom(JOHN, "s"), Failure).kind, "busy");
});

Deno.test("of twenty thousand mailboxes it is remembered what is recent, and the one of longest ago is forgotten", () => {
  const book = bareBook();
  const recent = (mailbox: number) => book.recentFrom(JOHN, mailbox, 99);
  for (let mailbox = 1; mailbox <= 20_000; mailbox++) {
    book.takeRecent({ account: JOHN, mailbox, readOnly: false }, 7);
  }
  assertEquals([recent(1), recent(20_000)], [7, 7]);
  book.takeRecent({ account: JOHN, mailbox: 20_001, readOnly: false }, 7);
  assertEquals([recent(1), recent(2), recent(20_001)], [99, 7, 7]);
});
