/** The open segment as the log of a shard: what only it has, where it ends, and what brings it to the index. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { FakeClock, seededRandom, utf8 } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, nodeFiles, shardDirectory } from "../../src/storage/mod.ts";
import { type IndexEnv, LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { HEADER_KEY } from "../../src/storage/layout/keys.ts";
import { readTail } from "../../src/storage/disk/log_tail.ts";
import { SHARD_LOG } from "../../src/storage/shard_group.ts";
import { adding, replacing } from "./account_inputs.ts";
import { allOf, CHECKPOINT_MS, crashed, inDirectory, open, problems, rowsOf, segmentOf, texts } from "./log_support.ts";
import { randomStep } from "./model_steps.ts";
import { SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA, kindOf, mail, text, uids } from "./support.ts";

Deno.test("mail that comes and is flagged and goes before the next checkpoint never touches the index", () =>
  inDirectory(async (dir) => {
    const { shard, state, clock, index } = await open(dir);
    await shard.deliver(mail("the first one begins a segment"));
    const { commits } = index;
    for (let i = 0; i < 30; i++) {
      const [uid] = uids(await shard.deliver(mail("soon gone")));
      await shard.storeFlags(ANNA, 1, [uid!], adding(1));
      await shard.expunge(ANNA, 1, [uid!]);
    }
    assertEquals(index.commits, commits);
    assert(allOf(index).length < allOf(state.index).length);
    const before = rowsOf(state);
    clock.advance(CHECKPOINT_MS - 1);
    assertEquals([index.commits, state.owed], [commits, true]);
    clock.advance(1);
    assertEquals([index.commits, state.owed], [commits + 1, false]);
    assertEquals(
      [allOf(index), rowsOf(state)],
      [allOf(state.index), before],
      "a checkpoint changes nothing that is read",
    );
    clock.advance(100 * CHECKPOINT_MS);
    assertEquals(index.commits, commits + 1, "nothing is done for a shard that rests");
    await shard.close();
  }));

Deno.test("after a crash every row is as it was, whatever was done and however much of it only the log has", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const disk = new SimDisk(random);
    const limits = {
      ...DEFAULT_LIMITS,
      keywordsMax: 4,
      mailboxesMax: 11,
      changeRowsMax: 8,
      opIdsMax: 30,
      unindexedRowsMax: [15, 60, 100_000][seed % 3]!,
      segmentBytesMax: [3_000, 1_000_000][seed % 2]!,
    };
    const shard = await openSimShard(disk, new FakeClock(), limits);
    for (let number = 0; number < 150; number++) await randomStep(random, number, true)(shard).catch(() => {});
    const before = rowsOf(shard.state);
    disk.kill();
    const left = await openSimShard(disk, new FakeClock(), limits);
    const { appliedSeq, epoch } = left.state.header;
    assertEquals([appliedSeq, epoch], [shard.state.appliedSeq + 1, appliedSeq], "one claim more");
    const header = { ...left.state.header, appliedSeq: appliedSeq - 1, epoch: shard.state.header.epoch, commits: 0 };
    assertEquals([allOf(left.state.index), header], before, `seed ${seed}`);
    assertEquals(await problems(left), []);
  }
});

Deno.test("a group that is not whole at the end of the log was never acknowledged: it is cut off, wherever it is torn", () =>
  inDirectory(async (dir) => {
    const { shard } = await open(dir);
    await shard.deliver(mail("kept"));
    const before = readFileSync(segmentOf(dir)).length;
    const torn = mail("torn", { index: utf8("index of it") });
    await shard.deliver(torn);
    const whole = readFileSync(segmentOf(dir)).length;
    for (let size = before; size <= whole; size += size < whole - 7 ? 7 : 1) {
      const left = crashed(dir);
      truncateSync(segmentOf(left), size);
      const again = await open(left);
      assertEquals(texts(again.shard), size === whole ? ["kept", "torn"] : ["kept"], `cut at ${size} of ${whole}`);
      assertEquals(uids(await again.shard.deliver(torn)), [2]);
      assertEquals([texts(again.shard), await problems(again.shard)], [["kept", "torn"], []]);
      await again.shard.close();
    }
    await shard.close();
  }));

Deno.test("damage in the log with acknowledged mail behind it is no end of the log: the shard does not open, and nothing goes", () =>
  inDirectory(async (dir) => {
    const { shard } = await open(dir);
    for (const body of ["first", "second", "third"]) await shard.deliver(mail(body, { index: utf8(`i-${body}`) }));
    const bytes = readFileSync(segmentOf(dir));
    const flipped = (at: number) => {
      const left = crashed(dir);
      const some = Uint8Array.from(bytes);
      some[at]! ^= 1;
      writeFileSync(segmentOf(left), some);
      return left;
    };
    // The record of the second group, and the header of its body.
    for (const at of [bytes.indexOf("i-second") + 60, bytes.indexOf("second") - 20]) {
      const left = flipped(at);
      assertEquals(await kindOf(() => open(left)), "corrupt");
      assertStringIncludes(await open(left).then(() => "opened", String), "with acknowledged mail behind");
      assertEquals(readFileSync(segmentOf(left)).length, bytes.length);
    }
    const body = await open(flipped(bytes.indexOf("second")));
    assertEquals([text(body.shard, 1), text(body.shard, 3)], ["first", "third"]);
    assertEquals(await kindOf(() => text(body.shard, 2)), "corrupt");
    await body.shard.close();
    const index = await open(flipped(bytes.indexOf("i-second")));
    assertEquals([texts(index.shard), index.shard.fetchIndex(ANNA, 1, 2)], [["first", "second", "third"], null]);
    await index.shard.close();
    // In the last group it cannot be told from a flush that never returned.
    for (const part of ["third", "i-third"]) {
      const last = await open(flipped(bytes.indexOf(part)));
      assertEquals([texts(last.shard), await problems(last.shard)], [["first", "second"], []]);
      await last.shard.close();
    }
    await shard.close();
  }));

Deno.test("a group belongs to the log when its number, place, mark and checksum say so", () =>
  inDirectory(async (dir) => {
    const { shard, index } = await open(dir);
    for (const body of ["first", "other", "third"]) await shard.deliver(mail(body));
    const { incarnation: stamp, appliedSeq, position } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    assertEquals([appliedSeq, position.offset], [1, 0]);
    const bytes = Uint8Array.from(readFileSync(segmentOf(dir)));
    const read = (more: { seq?: number; stamp?: string; offset?: number; bytes?: Uint8Array } = {}) =>
      readTail(
        more.bytes ?? bytes,
        { ...position, offset: more.offset ?? 0 },
        { stamp: more.stamp ?? stamp, seq: more.seq ?? appliedSeq },
        SHARD_LOG,
      );
    const { groups, end } = read();
    assertEquals([groups.length, end.offset], [3, bytes.length]);
    // One is missing, and others are there.
    assertEquals(await kindOf(() => read({ seq: 2 })), "corrupt");
    assertEquals(read({ seq: 7 }).groups.length, 0);
    assertEquals(read({ stamp: "another shard" }).groups.length, 0);
    // Left over from another place of the file.
    assertEquals(await kindOf(() => read({ offset: 32 })), "corrupt");
    // Where the body of the last one should lie there is another, whole as it is.
    const [second, third] = groups.slice(1).map(({ places }) => places[0]!.offset) as [number, number];
    const strange = bytes.slice();
    strange.copyWithin(third, second, second + 32 + "other".length);
    assertEquals(read({ bytes: strange }).groups.length, 2, "a body that the group does not name");
    for (let at = end.tail; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 0x41;
      assertEquals(read({ bytes: flipped }).groups.length, 2, `byte ${at - end.tail} of the record`);
    }
    await shard.close();
  }));

Deno.test("mail that comes when the segment is full to the byte is where the rows say, also after a crash", async () => {
  let full = 0;
  await inDirectory(async (dir) => {
    const { shard, state } = await open(dir);
    for (const body of ["first", "second"]) await shard.deliver(mail(body, { opId: `op-${body}` }));
    full = state.segments.position.offset;
    await shard.close();
  });
  for (const segmentBytesMax of [full - 1, full, full + 1]) {
    await inDirectory(async (dir) => {
      const { shard } = await open(dir, { limits: { segmentBytesMax } });
      for (const body of ["first", "second", "third", "fourth"]) {
        await shard.deliver(mail(body, { opId: `op-${body}` }));
      }
      assertEquals([texts(shard), await problems(shard)], [["first", "second", "third", "fourth"], []]);
      const left = await open(crashed(dir));
      assertEquals([texts(left.shard), await problems(left.shard)], [texts(shard), []]);
      await left.shard.close();
      await shard.close();
    });
  }
});

for (
  const [what, limits] of [
    ["rows", { unindexedRowsMax: 20 }],
    ["bytes of the log", { unindexedBytesMax: 3_000 }],
  ] as const
) {
  Deno.test(`when so many ${what} are owed to the index, they are brought there before anything else is taken`, () =>
    inDirectory(async (dir) => {
      const { shard, state, index } = await open(dir, { limits });
      await shard.deliver(mail("first"));
      const { commits } = index;
      let taken = 0;
      for (; index.commits === commits; taken++) await shard.deliver(mail("x".repeat(200)));
      assert(taken > 3 && taken < 15, `${taken} were taken`);
      assertEquals(state.owed, true, "the last one is in the log alone");
      assertEquals([texts(shard).length, await problems(shard)], [taken + 1, []]);
      await shard.close();
    }));
}

Deno.test("data of schema 2, which had no log, opens and goes on; then a program that knows no log refuses it", () =>
  inDirectory(async (dir) => {
    const before = await open(dir);
    await before.shard.deliver(mail("old"));
    await before.shard.close();
    const index: IndexEnv = new LmdbIndex(`${shardDirectory(dir, 0)}/index.mdb`, nodeFiles());
    const { commits: _, ...header } = JSON.parse(new TextDecoder().decode(index.get(HEADER_KEY)));
    index.commit(() => index.put(HEADER_KEY, utf8(JSON.stringify({ ...header, schema: 2 }))));
    index.close();
    await index.gone();
    const { shard, index: now } = await open(dir);
    assertEquals(JSON.parse(new TextDecoder().decode(now.get(HEADER_KEY))).schema, 5);
    await shard.deliver(mail("new"));
    const left = await open(crashed(dir));
    for (const one of [shard, left.shard]) {
      assertEquals([texts(one), await problems(one)], [["old", "new"], []]);
    }
    await left.shard.close();
    await shard.close();
  }));

Deno.test("segments that hold nothing but the log are given back when they are sealed", () =>
  inDirectory(async (dir) => {
    const { shard, clock } = await open(dir, { limits: { segmentBytesMax: 2_000 } });
    await shard.deliver(mail("kept"));
    for (let i = 0; i < 300; i++) await shard.storeFlags(ANNA, 1, [1], replacing(1 + i % 2));
    for (let step = 0; step < 300; step++) clock.advance(50);
    const files = readdirSync(`${shardDirectory(dir, 0)}/segments`);
    assert(files.length <= 3, `${files.length} segments are left`);
    assertEquals([texts(shard), await problems(shard)], [["kept"], []]);
    await shard.close();
  }));
