/** STOREs of a pipeline in one message (RFC 9051 §5.5). */
import { assert, assertEquals } from "@std/assert";
import { Failure } from "../../../src/base/mod.ts";
import { Flag } from "../../../src/mail/flag.ts";
import { gatherStores, type StoreAnswer, type StoreWish } from "../../../src/mail/store_wish.ts";
import type { MessageSet } from "../../../src/mail/mailbox_view.ts";
import { ALL, openSession } from "./sessions.ts";
import { johns, setAcl } from "./shared_world.ts";
import { inMailbox, MARY, put, settle, type Shard } from "./support.ts";

function number(sequence: number): MessageSet {
  return { by: "sequence", pairs: [sequence, sequence] };
}

function add(set: MessageSet, flags: number, more: Partial<StoreWish> = {}): StoreWish {
  return { set, how: "add", flags, keywords: [], unchangedSince: null, ...more };
}

/** UID, flags and MODSEQ of each row of each answer. */
function rowsOf(answers: readonly StoreAnswer[]): (number[][] | null)[] {
  return answers.map((answer) => {
    assert(answer?.type !== "failed");
    return answer === null ? null : answer.rows.map(({ uid, flags, modSeq }) => [uid, flags, modSeq]);
  });
}

Deno.test("each is answered in its order with a MODSEQ of its own, by one flush, and is no news to the session", () =>
  inMailbox(async (world) => {
    for (let i = 0; i < 6; i++) await put(world, `mail/${i}`);
    const [session, other] = [await openSession(world), await openSession(world)];
    const { highestModSeq } = session.opened.status;
    world.hold = true;
    const asked = session.ask("mailbox.storeEach", {
      stores: gatherStores([
        add(number(4), 1),
        add(number(2), 2, { silent: true }),
        add({ by: "sequence", pairs: [5, 6] }, 4, { keywords: ["$Work"] }),
        add(number(1), 8, { how: "replace" }),
      ]),
      news: { expunges: false },
    });
    await settle();
    world.flush();
    world.hold = false;
    const { answers, news } = await asked;
    assertEquals(rowsOf(answers), [
      ...[[[4, 1, highestModSeq + 1]], null],
      ...[[[5, 4, highestModSeq + 3], [6, 4, highestModSeq + 3]], [[1, 8, highestModSeq + 4]]],
    ]);
    assertEquals([news?.changed, news?.keywords], [[], ["$Work"]], "the keyword is new to the session");
    assertEquals((await session.news()).changed, []);
    const told = await other.news();
    assertEquals(told.changed.map(({ uid, flags }) => [uid as number, flags]), [[1, 8], [2, 2], [4, 1], [5, 4], [
      6,
      4,
    ]]);
    const modSeqs = told.changed.map(({ modSeq }) => modSeq - highestModSeq);
    assertEquals(modSeqs, [4, 2, 1, 3, 3]);
  }, { disk: true }));

/** A shard that cannot change one message. */
function failing(shard: Shard, uid: number): Shard {
  const broken = new Failure("disk", "the disk is gone");
  const made: Partial<Shard> = {
    storeFlags: (...args) => args[2].includes(uid) ? Promise.reject(broken) : shard.storeFlags(...args),
    async storeRangesEach(account, mailbox, stores) {
      const fails = ({ uids }: { readonly uids: readonly number[] }) => uids.includes(uid);
      const others = [...await shard.storeRangesEach(account, mailbox, stores.filter((store) => !fails(store)))];
      return stores.map((store) => fails(store) ? broken : others.shift()!);
    },
  };
  return new Proxy(shard, {
    get: (_target, name: keyof Shard) => made[name] ?? (shard[name] as () => unknown).bind?.(shard) ?? shard[name],
  });
}

for (const [what, behind] of [["names each", []], ["has a range", [add({ by: "uid", pairs: [91, 95] }, 2)]]] as const) {
  Deno.test(`what one meets is its own, where every set ${what} of its messages: the others are changed and told`, () =>
    inMailbox(async (world) => {
      for (let i = 0; i < 5; i++) await put(world, `mail/${i}`);
      const session = await openSession(world);
      const since = session.opened.status.highestModSeq;
      const other = await openSession(world);
      await other.store(number(2), "add", { flags: 16 });
      const { answers } = await session.ask("mailbox.storeEach", {
        stores: gatherStores([
          add(number(1), 1),
          add(number(2), 2, { unchangedSince: since }),
          add(number(3), 2),
          add(number(4), 2, { keywords: ["not a keyword"] }),
          add({ by: "uid", pairs: [90, 90] }, 2),
          add(number(5), 2),
          ...behind,
        ]),
      });
      assertEquals(answers.map((answer) => answer?.type === "failed" ? answer.kind : answer?.rows.length ?? null), [
        ...[1, 0, "disk", "invalid", null, 1, ...behind.map(() => null)],
      ]);
      const [, conditional] = answers;
      assert(conditional?.type === "stored");
      assertEquals(conditional.modified, [{ sequence: 2, uid: 2 as never }]);
      const flags = (await session.rows(ALL)).map((row) => row.flags);
      assertEquals(flags, [1, 16, 0, 0, 2]);
      assertEquals(
        (await session.news()).changed.map(({ uid }) => uid as number),
        [2],
        "what the other did is news still",
      );
    }, { wrap: (shard) => failing(shard, 3) }));
}

Deno.test("what others removed comes behind all of them: until then numbers are what they were", () =>
  inMailbox(async (world) => {
    for (let i = 0; i < 4; i++) await put(world, `mail/${i}`);
    const [session, other] = [await openSession(world), await openSession(world)];
    await other.store(number(1), "add", { flags: Flag.deleted });
    await other.ask("mailbox.expungeDeleted", { set: null });
    const stores = gatherStores([add(number(2), 1), add(number(3), 1), add(number(1), 1)]);
    const { answers, news } = await session.ask("mailbox.storeEach", { stores, news: { expunges: true } });
    const told = answers.map((answer) => {
      assert(answer?.type === "stored");
      return [answer.rows.map(({ sequence, uid }) => [sequence, uid as number]), answer.missing];
    });
    assertEquals(told, [[[[2, 2]], false], [[[3, 3]], false], [[], true]]);
    assertEquals([news?.expunged, news?.exists], [[{ sequence: 1, uid: 1 as never }], 3]);
    const again = await session.ask("mailbox.storeEach", {
      stores: gatherStores([add(number(1), 2), add(number(3), 2)]),
    });
    assertEquals(rowsOf(again.answers).map((rows) => rows?.map(([uid, flags]) => [uid, flags])), [[[2, 3]], [[4, 2]]]);
  }));

Deno.test("a view that only looks changes nothing, and one that is gone says so", () =>
  inMailbox(async (world) => {
    await put(world, "mail");
    const session = await openSession(world, { readOnly: true });
    const stores = gatherStores([add(number(1), 1)]);
    const kind = () => session.ask("mailbox.storeEach", { stores }).then(() => "ok", ({ kind }: Failure) => kind);
    assertEquals(await kind(), "refused");
    await session.close();
    assertEquals(await kind(), "not_found");
  }));

Deno.test("where only some flags may be changed, each changes what it may, and is refused where that is nothing", () =>
  inMailbox(async (world) => {
    for (let i = 0; i < 4; i++) await put(world, `mail/${i}`);
    await setAcl(world, "mary@smith.test", "lrs");
    const session = await openSession(world, { account: MARY, name: johns("INBOX") });
    const { answers } = await session.ask("mailbox.storeEach", {
      stores: gatherStores([
        add(number(1), Flag.seen),
        add(number(2), Flag.flagged),
        add(number(3), Flag.seen | Flag.flagged),
        add(number(4), Flag.seen, { silent: true }),
      ]),
    });
    const outcomes = answers.map((answer) => answer?.type === "failed" ? answer.kind : answer?.rows[0]?.flags ?? null);
    assertEquals(outcomes, [Flag.seen, "refused", Flag.seen, null]);
    const modSeqs = answers.flatMap((answer) =>
      answer?.type === "stored" ? answer.rows.map(({ modSeq }) => modSeq) : []
    );
    assert(modSeqs[0]! < modSeqs[1]!, "their order is that of the commands (RFC 7162 §3.1)");
  }));
