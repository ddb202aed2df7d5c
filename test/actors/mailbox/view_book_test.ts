import { assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import type { Uid } from "../../../src/mail/uid.ts";
import { inTurns, openSession, uids } from "./sessions.ts";
import { inMailbox, JOHN, MAIL, type MailboxWorld, spawnListener } from "./support.ts";

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
