import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../src/mail/flag.ts";
import type { MailboxChange } from "../../src/mail/mailbox_state.ts";
import { rangesOf } from "../../src/mail/ranges.ts";
import { adding, append, message, rows } from "./account_inputs.ts";
import { ANNA, kindOf, type Test } from "./support.ts";

/** What every mail store must do with flags and keywords. */
export function flagTests(test: Test): void {
  test("flags and keywords are added, removed and replaced; the answer names what changed", async ({ shard }) => {
    await shard.append(append(1, [message("a", { flags: Flag.seen, keywords: ["One"] }), message("b")]));
    const store = (
      how: "add" | "remove" | "replace",
      flags: number,
      keywords: string[],
      unchangedSince: number | null = null,
    ) => shard.storeFlags(ANNA, 1, [1, 2, 3], { how, flags, keywords, unchangedSince });
    const shown = () => rows(shard, 1).map(({ flags, keywords }) => [flags, keywords.join()]);
    assertEquals(
      await store("add", Flag.seen, ["one"]),
      { type: "stored", changed: [2], modified: [], missing: [3], modSeq: 3 } as never,
    );
    assertEquals(shown(), [[1, "One"], [1, "One"]]);
    await store("remove", Flag.seen, ["ONE", "never"]);
    assertEquals(shown(), [[0, ""], [0, ""]]);
    await store("replace", Flag.answered, ["two", "Three", "TWO"]);
    assertEquals(shown(), [[2, "Three,two"], [2, "Three,two"]]);
    assertEquals((await store("replace", Flag.answered, ["three", "two"]) as { changed: unknown }).changed, []);
    assertEquals(shard.keywords(ANNA, 1), ["Three", "two"]);
    assertEquals(shard.changes(ANNA, 1, 3)?.changed, [1, 2] as never);
  });

  test("a change of many messages meets each as it is: its flags, its keywords, its MODSEQ, or none", async ({ shard }) => {
    const flags = (uid: number) => [0, Flag.seen, Flag.deleted][uid % 3]!;
    const keywords = (uid: number) => uid % 5 === 0 ? ["a"] : uid % 7 === 0 ? ["A", "b"] : [];
    const all = Array.from({ length: 300 }, (_, i) => i + 1);
    await shard.append(append(1, all.map((uid) => message("x", { flags: flags(uid), keywords: keywords(uid) }))));
    const gone = all.filter((uid) => uid % 11 === 0 || (uid >= 120 && uid < 200));
    await shard.expunge(ANNA, 1, gone);
    const late = all.filter((uid) => uid % 13 === 0 && !gone.includes(uid));
    await shard.storeFlags(ANNA, 1, late, adding(Flag.draft));
    const { highestModSeq: modSeq } = shard.status(ANNA, 1);
    const named = all.filter((uid) => uid > 3).reverse();
    const rest = all.filter((uid) => uid > 3 && !gone.includes(uid));
    const asked = { how: "add", flags: Flag.seen, keywords: ["a"], unchangedSince: modSeq - 1 } as const;
    const due = rest.filter((uid) => !late.includes(uid) && !(flags(uid) === Flag.seen && keywords(uid).length > 0));
    assertEquals(await shard.storeFlags(ANNA, 1, named, asked), {
      type: "stored",
      changed: due,
      modified: late,
      missing: gone.filter((uid) => uid > 3),
      modSeq: modSeq + 1,
    } as never);
    for (const { uid, flags: now, keywords: names, modSeq: changed } of rows(shard, 1)) {
      const isDue = due.includes(uid);
      assertEquals(now, flags(uid) | (isDue ? Flag.seen : 0) | (late.includes(uid) ? Flag.draft : 0), `${uid}`);
      assertEquals(
        names,
        isDue && keywords(uid).length === 0 ? ["a"] : keywords(uid).map((each) => each.toLowerCase()),
      );
      assertEquals(changed, isDue ? modSeq + 1 : late.includes(uid) ? modSeq : 2, `${uid}`);
    }
    const shown = rows(shard, 1);
    const { unseen, deleted, messages } = shard.status(ANNA, 1);
    assertEquals(
      [messages, unseen, deleted],
      [
        shown.length,
        ...[(f: number) => (f & Flag.seen) === 0, (f: number) => (f & Flag.deleted) !== 0].map((is) =>
          shown.filter(({ flags }) => is(flags)).length
        ),
      ],
    );
    assertEquals(shard.changes(ANNA, 1, modSeq)?.changed, due as never);
    const again = await shard.storeFlags(ANNA, 1, due, { ...asked, unchangedSince: null });
    assertEquals(again, { type: "stored", changed: [], modified: [], missing: [], modSeq: modSeq + 1 } as never);
    // Keywords are counted: they are in use as long as one message has them, and no longer.
    const none = { how: "remove", flags: 0, keywords: ["A", "b"], unchangedSince: null } as const;
    await shard.storeFlags(ANNA, 1, all.slice(1), none);
    assertEquals(shard.keywords(ANNA, 1), []);
    await shard.storeFlags(ANNA, 1, all, { ...none, how: "add", keywords: ["c"] });
    await shard.storeFlags(ANNA, 1, all.slice(1), { ...none, how: "replace", keywords: ["d"] });
    assertEquals(shard.keywords(ANNA, 1), ["c", "d"]);
    const { blocks, rows: counts } = shard.blockCounts(ANNA, 1);
    const counted = new Map([...blocks].map((block, i) => [block, counts[i]]));
    for (let block = 0; block < 5; block++) {
      assertEquals(counted.get(block) ?? 0, shown.filter(({ uid }) => Math.floor(uid / 64) === block).length);
    }
  });

  test(
    "a change of ranges meets all messages within them, and names what changed and what is not there",
    async ({ shard }) => {
      await shard.append(append(1, Array.from({ length: 8 }, () => message("x"))));
      await shard.expunge(ANNA, 1, [4, 5]);
      await shard.storeFlags(ANNA, 1, [6], adding(Flag.flagged));
      const store = { how: "add", flags: Flag.flagged, keywords: [], unchangedSince: null } as const;
      const told: MailboxChange[] = [];
      const stop = shard.onChange((_account, _mailbox, change) => told.push(change));
      const wide = rangesOf([2, 6, 8, 4_294_967_295], 0);
      assertEquals(await shard.storeRanges(ANNA, 1, wide, store), {
        type: "stored",
        changed: [2, 3, 8, 8],
        modified: [],
        missing: [4, 5, 9, 4_294_967_295],
        modSeq: 5,
      } as never);
      stop();
      assertEquals(told, [{ kind: "flags", uids: [2, 3, 8, 8], modSeq: 5 }] as never);
      assertEquals(rows(shard, 1).map(({ uid, flags }) => [uid, flags]), [
        ...[[1, 0], [2, Flag.flagged], [3, Flag.flagged], [6, Flag.flagged], [7, 0], [8, Flag.flagged]],
      ]);
      assertEquals(await shard.storeRanges(ANNA, 1, wide, { ...store, how: "remove", unchangedSince: 4 }), {
        type: "stored",
        changed: [6, 6],
        modified: [2, 3, 8],
        missing: [4, 5, 9, 4_294_967_295],
        modSeq: 6,
      } as never);
      assertEquals(await shard.storeRanges(ANNA, 9, wide, store), {
        ...{ type: "stored", changed: [], modified: [], missing: wide, modSeq: 1 },
      } as never);
      assertEquals((await shard.storeRanges(ANNA, 1, wide, { ...store, keywords: ["a", "b"] })).type, "limit");
    },
    { keywordsMax: 1 },
  );

  test("a change of ranges finds the few messages of a mailbox with many UIDs, and those that come with it", async ({ shard }) => {
    for (let i = 0; i < 9; i++) await shard.append(append(1, Array.from({ length: 1_000 }, () => message("x"))));
    const left = [1, 63, 64, 65, 4_000, 8_127, 8_128, 9_000];
    const all = Array.from({ length: 9_000 }, (_, i) => i + 1);
    await shard.expunge(ANNA, 1, all.filter((uid) => !left.includes(uid)));
    const store = { how: "add", flags: Flag.seen, keywords: ["k"], unchangedSince: null } as const;
    const every = rangesOf([1, 4_294_967_295], 0);
    // What comes begins blocks; what goes leaves one without messages: all of one group.
    const [, , , stored] = await Promise.all([
      shard.expunge(ANNA, 1, [4_000]),
      shard.append(append(1, Array.from({ length: 200 }, () => message("y")))),
      shard.expunge(ANNA, 1, [9_010]),
      shard.storeRanges(ANNA, 1, every, store),
      shard.append(append(1, [message("later")])),
    ]);
    assert(stored.type === "stored");
    const changed = [1, 1, 63, 65, 8_127, 8_128, 9_000, 9_009, 9_011, 9_200];
    assertEquals([[...stored.changed], stored.missing.at(-2)], [changed, 9_201]);
    for (const { uid, flags, keywords } of rows(shard, 1)) {
      assertEquals([uid, flags, keywords.join()], uid === 9_201 ? [uid, 0, ""] : [uid, Flag.seen, "k"]);
    }
    assertEquals([shard.status(ANNA, 1).unseen, shard.status(ANNA, 1).messages], [1, 207]);
    const { blocks, rows: counts } = shard.blockCounts(ANNA, 1);
    assertEquals(
      [[...blocks], [...counts]],
      [[0, 1, 126, 127, 140, 141, 142, 143], [2, 2, 1, 1, 23, 64, 64, 50]] as never,
    );
    const again = await shard.storeRanges(ANNA, 1, every, { ...store, how: "remove" });
    assertEquals([shard.status(ANNA, 1).unseen, shard.keywords(ANNA, 1), again.type], [207, [], "stored"]);
  });

  test("messages that changed since are left alone and named", async ({ shard }) => {
    await shard.append(append(1, [message("a"), message("b")]));
    await shard.storeFlags(ANNA, 1, [2], adding(Flag.seen));
    const store = { how: "add", flags: Flag.flagged, keywords: ["k"], unchangedSince: 2 } as const;
    assertEquals(await shard.storeFlags(ANNA, 1, [1, 2], store), {
      type: "stored",
      changed: [1],
      modified: [2],
      missing: [],
      modSeq: 4,
    } as never);
    assertEquals(rows(shard, 1).map(({ flags }) => flags), [Flag.flagged, Flag.seen]);
  });

  test("what changed at once is told apart by the MODSEQ from which on it is asked for", async ({ shard }) => {
    await shard.append(append(1, Array.from({ length: 200 }, () => message("x"))));
    await shard.append(append(2, [message("y")]));
    const change = { how: "add", flags: Flag.flagged, keywords: [], unchangedSince: null } as const;
    const sets = [[3], [150, 151], [7], [1, 70], [150], [9]];
    const before = shard.status(ANNA, 1).highestModSeq;
    await Promise.all([
      ...sets.map((uids) => shard.storeFlags(ANNA, 1, uids, { ...change, flags: uids.length + uids[0]! % 2 })),
      shard.storeFlags(ANNA, 2, [1], change),
      shard.expunge(ANNA, 1, [70]),
      shard.storeFlags(ANNA, 1, [199], change),
    ]);
    const from = (modSeq: number) => shard.changes(ANNA, 1, modSeq);
    assertEquals(from(before)?.changed, [1, 3, 7, 9, 150, 151, 199] as never);
    assertEquals(from(before + 1)?.changed, [1, 7, 9, 150, 151, 199] as never);
    assertEquals(from(before + 3)?.changed, [1, 9, 150, 199] as never);
    assertEquals(from(before + 4)?.changed, [9, 150, 199] as never);
    assertEquals(from(before + 6), { changed: [199], expunged: [70], highestModSeq: before + 8 } as never);
    assertEquals(from(before + 7), { changed: [199], expunged: [], highestModSeq: before + 8 } as never);
    assertEquals(shard.changes(ANNA, 2, 1)?.changed, [1] as never);
  });

  test("a mailbox has as many keywords as the limit says; what nobody uses is free again", async ({ shard }) => {
    await shard.append(append(1, [message("a"), message("b")]));
    const store = (uid: number, how: "add" | "replace", ...keywords: string[]) =>
      shard.storeFlags(ANNA, 1, [uid], { how, flags: 0, keywords, unchangedSince: null });
    assertEquals((await store(1, "add", "a", "b", "c")).type, "stored");
    assertEquals((await store(2, "add", "A")).type, "stored");
    assertEquals((await store(2, "add", "d")).type, "limit");
    assertEquals(await shard.append(append(1, [message("c", { keywords: ["d"] })])), { type: "limit" });
    assertEquals((await store(1, "replace", "b")).type, "stored");
    assertEquals((await store(2, "add", "C")).type, "stored");
    assertEquals(shard.keywords(ANNA, 1), ["a", "b", "C"]);
  }, { keywordsMax: 3 });

  test("a mailbox with 255 keywords in many sets works", async ({ shard }) => {
    const keywords = Array.from({ length: 255 }, (_, i) => `k${i}`);
    await shard.append(append(1, Array.from({ length: 100 }, () => message("x"))));
    for (let uid = 1; uid <= 100; uid++) {
      const own = uid === 100 ? keywords : keywords.filter((_, i) => (i * 7 + uid) % 5 === 0);
      await shard.storeFlags(ANNA, 1, [uid], { how: "add", flags: 0, keywords: own, unchangedSince: null });
    }
    assertEquals(rows(shard, 1)[99]?.keywords.length, 255);
    assertEquals(shard.keywords(ANNA, 1).length, 255);
    const more = { how: "add", flags: 0, keywords: ["one more"], unchangedSince: null } as const;
    assertEquals(await kindOf(() => shard.storeFlags(ANNA, 1, [1], more)), "invalid");
    assertEquals((await shard.storeFlags(ANNA, 1, [1], { ...more, keywords: ["more"] })).type, "limit");
  });
}
