/** Data that an operator moved, whole and stopped, keep their UIDVALIDITYs; what may be less than all does not pass for that. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cpSync, rmSync, statSync, truncateSync } from "node:fs";
import { asFailure, type Log, SILENT, utf8 } from "../../src/base/mod.ts";
import { LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { HEADER_KEY } from "../../src/storage/layout/keys.ts";
import { decodeHeader, endingOf } from "../../src/storage/header.ts";
import { acceptMoved, markRestored, nodeFiles, openMailStore, type ShardStore } from "../../src/storage/mod.ts";
import { during, epochs, fill, inPlace, type Place } from "./epoch_support.ts";
import { diskOptions, mail, text } from "./support.ts";

const resting = (shard: ShardStore) => Promise.resolve(epochs(shard));
const accept = ({ dir }: Place, shardCount = 1) => acceptMoved({ dir, shardCount });

function copied(from: Place): Place {
  const dir = `${from.dir}.${Math.floor(from.clock.monotonicMs())}`;
  cpSync(from.dir, dir, { recursive: true });
  return { ...from, dir };
}

async function refusal(place: Place, shardCount = 1): Promise<string> {
  const before = asFailure(await accept(place, shardCount).catch((error) => error));
  assertEquals(before?.kind, "refused");
  return before?.message ?? "";
}

Deno.test("data that were stopped and moved keep their UIDVALIDITY and their mail, once and from then on", () =>
  inPlace(async (place) => {
    const before = await during(place, fill);
    const stoppedMs = place.clock.wallMs();
    const moved = copied(place);
    assertEquals(await accept(moved), { shards: 1, stoppedMs });
    assertEquals(await accept(moved), { shards: 0, stoppedMs: null }, "it is known by its files now");
    assertEquals(await during(moved, resting), before);
    assertEquals(await during(moved, (shard) => Promise.resolve(text(shard, 1))), "first");

    const again = copied(moved);
    assertEquals((await accept(again)).shards, 1, "what was moved before");
    const third = copied(again);
    assertEquals((await accept(third)).shards, 1, "and was not started between");
    assertEquals(await during(third, resting), before);
  }));

Deno.test("what is put back from a copy of moved data is taken for a copy without the word", () =>
  inPlace(async (place) => {
    await during(place, fill);
    const moved = copied(place);
    await accept(moved);
    const before = await during(moved, resting);
    const lines: Record<string, unknown>[] = [];
    const log: Log = { ...SILENT, warn: (_event, fields = {}) => void lines.push(fields), child: () => log };
    const after = await during(copied(moved), resting, { log });
    assert(Math.min(...after) > Math.max(...before), `${before} became ${after}`);
    assertStringIncludes(String(lines[0]?.["hint"]), "start once with --moved");
  }));

Deno.test("what an operator said was put back, and is moved later, keeps the UIDVALIDITY it then got", () =>
  inPlace(async (place) => {
    await during(place, fill);
    markRestored(place.dir);
    const before = await during(place, resting);
    const moved = copied(place);
    await accept(moved);
    assertEquals(await during(moved, resting), before);
  }));

Deno.test("data that lie where they did need not have been stopped", () =>
  inPlace((place) => during(place, async () => assertEquals(await accept(place), { shards: 0, stoppedMs: null }))));

Deno.test("a copy of data that were in use is refused, as there may be more of it; a plain start takes it for a copy", () =>
  inPlace(async (place) => {
    const before = await during(place, fill);
    // Also when nothing but a checkpoint was the last that came.
    const [rested, used] = await during(place, async (shard) => {
      const rested = copied(place);
      place.clock.advance(1);
      await shard.deliver(mail("second"));
      return [rested, copied(place)] as const;
    });
    for (const copy of [rested, used]) {
      assertStringIncludes(await refusal(copy), "start it once where it was, stop it, and copy it again");
    }
    const after = await during(used, async (shard) => {
      assertEquals(text(shard, 2), "second");
      return await resting(shard);
    });
    assert(Math.min(...after) > Math.max(...before), `${before} became ${after}`);
  }));

Deno.test("an end says nothing any more when commits came after it, of a program that does not know of ends", () => {
  const row = (commits: number) =>
    utf8(JSON.stringify({ schema: 3, shard: 0, shardCount: 1, commits, ended: { commits: 7, wallMs: 5 } }));
  const ending = (commits: number) => endingOf(decodeHeader(row(commits), { shard: 0, shardCount: 1 }));
  assertEquals([ending(7), ending(8)], [{ commits: 7, wallMs: 5 }, null]);
});

Deno.test("a copy that lacks a file, or a part of one, is refused with its name, and nothing is changed", () =>
  inPlace(async (place) => {
    await during(place, fill, { limits: { segmentBytesMax: 4_096 } });
    await during(place, async (shard) => {
      for (let i = 0; i < 8; i++) await shard.deliver(mail("x".repeat(2_000)));
    }, { limits: { segmentBytesMax: 4_096 } });
    const segment = (copy: Place, number: number) => `${copy.dir}/shards/000/segments/0000000${number}.seg`;
    const damages: [(copy: Place) => void, string][] = [
      [(copy) => rmSync(segment(copy, 1)), "00000001.seg is not whole"],
      [(copy) => truncateSync(segment(copy, 2), 100), "00000002.seg is not whole"],
      [(copy) => rmSync(`${copy.dir}/shards/000/index.mdb`), "shard 0 is not there"],
      [(copy) => truncateSync(`${copy.dir}/shards/000/index.mdb`, 16_384), "has a part of its index only"],
    ];
    for (const [damage, says] of damages) {
      place.clock.advance(1);
      const copy = copied(place);
      damage(copy);
      assertStringIncludes(await refusal(copy), says);
      assertStringIncludes(await refusal(copy), says);
    }
  }));

Deno.test("one shard that is refused keeps the others as they were", () =>
  inPlace(async (place) => {
    const two = { shards: [0, 1], shardCount: 2 };
    await during(place, fill, two);
    const moved = copied(place);
    rmSync(`${moved.dir}/shards/001`, { recursive: true });
    assertStringIncludes(await refusal(moved, 2), "shard 1 is not there");
    cpSync(`${place.dir}/shards/001`, `${moved.dir}/shards/001`, { recursive: true });
    assertEquals((await accept(moved, 2)).shards, 2);
  }));

Deno.test("of several shards that were moved the last stop is told, and only those that moved are known anew", () =>
  inPlace(async (place) => {
    await during(place, fill, { shards: [0, 1], shardCount: 2 });
    // Shard 1 is stopped an hour after the other, and then the other way round.
    for (const last of [1, 0]) {
      const store = await openMailStore(diskOptions(place.dir, { clock: place.clock, shards: [last], shardCount: 2 }));
      place.clock.advance(3_600_000);
      await store.close();
      const stoppedMs = place.clock.wallMs();
      place.clock.advance(1_000);
      const moved = copied(place);
      assertEquals(await accept(moved, 2), { shards: 2, stoppedMs });
      assertEquals(await accept(moved, 2), { shards: 0, stoppedMs: null });
    }
  }));

Deno.test("an index without a header is refused, and so is a segment of which nothing is there but its place in the log", () =>
  inPlace(async (place) => {
    await during(place, fill);
    const headless = copied(place);
    const path = `${headless.dir}/shards/000/index.mdb`;
    const index = new LmdbIndex(path, nodeFiles());
    index.commit(() => index.remove(HEADER_KEY));
    index.close();
    await index.gone();
    assertStringIncludes(await refusal(headless), "has no header");
    place.clock.advance(1);
    const short = copied(place);
    const segment = `${short.dir}/shards/000/segments/00000001.seg`;
    truncateSync(segment, statSync(segment).size - 1);
    assertStringIncludes(await refusal(short), "00000001.seg is not whole");
    rmSync(segment);
    assertStringIncludes(await refusal(short), "00000001.seg is not whole");
  }));

Deno.test("a copy that ends where its index does is whole", () =>
  inPlace(async (place) => {
    const before = await during(place, fill);
    const moved = copied(place);
    const path = `${moved.dir}/shards/000/index.mdb`;
    const index = new LmdbIndex(path, nodeFiles());
    const used = index.usedBytes();
    index.close();
    await index.gone();
    truncateSync(path, used);
    assertEquals((await accept(moved)).shards, 1);
    assertEquals(await during(moved, resting), before);
  }));
