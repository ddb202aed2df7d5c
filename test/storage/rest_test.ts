/** What a shard does of itself, by its timers: bring its log to the index, compact, and nothing on a disk that is in doubt. */
import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { type FileSystem, nodeFiles, shardDirectory } from "../../src/storage/mod.ts";
import { CHECKPOINT_MS, coded, inDirectory, open, problems, texts } from "./log_support.ts";
import { ANNA, kindOf, mail } from "./support.ts";

const HOUR = 3_600_000;

/** A disk of which every flush fails while it is told to. */
function failing() {
  const real = nodeFiles();
  const disk = { fails: false, writes: 0 };
  const files: FileSystem = {
    ...real,
    write(fd, bytes, at) {
      disk.writes++;
      real.write(fd, bytes, at);
    },
    syncData(fd) {
      if (disk.fails) throw coded("EIO");
      real.syncData(fd);
    },
  };
  return { disk, files };
}

Deno.test("after a flush of a shard failed nothing is written until the pause is over, not even by a checkpoint", () =>
  inDirectory(async (dir) => {
    const { disk, files } = failing();
    const { shard, clock, index } = await open(dir, { files, limits: { retryMsMin: HOUR, retryMsMax: HOUR } });
    await shard.deliver(mail("one"));
    disk.fails = true;
    assertEquals(await kindOf(() => shard.deliver(mail("lost"))), "disk");
    disk.fails = false;
    const before = [disk.writes, index.commits];
    for (let i = 0; i < 10; i++) clock.advance(CHECKPOINT_MS);
    assertEquals([disk.writes, index.commits], before);
    clock.advance(HOUR);
    await shard.deliver(mail("two"));
    assertEquals([texts(shard), await problems(shard)], [["one", "two"], []]);
    await shard.close();
  }));

Deno.test("a checkpoint of a shard that found no space is made when there is, once, though nothing else happens", () =>
  inDirectory(async (dir) => {
    const { shard, clock, index } = await open(dir);
    await shard.deliver(mail("one"));
    clock.advance(CHECKPOINT_MS);
    await shard.deliver(mail("two"));
    index.full = true;
    clock.advance(CHECKPOINT_MS);
    index.full = false;
    const { commits } = index;
    clock.advance(CHECKPOINT_MS + 60_000);
    assertEquals(index.commits, commits + 1);
    clock.advance(HOUR);
    assertEquals(index.commits, commits + 1);
    await shard.deliver(mail("three"));
    await shard.close();
    const after = index.commits;
    clock.advance(HOUR);
    assertEquals(index.commits, after, "nothing comes after the end");
  }));

Deno.test("mail that is expunged gives its space back, though nothing else happens", () =>
  inDirectory(async (dir) => {
    const { shard, clock } = await open(dir, { limits: { segmentBytesMax: 4_000, compactStepBytesMax: 700 } });
    for (let i = 0; i < 40; i++) await shard.deliver(mail(`${i} `.repeat(100)));
    const segments = () => readdirSync(`${shardDirectory(dir, 0)}/segments`).length;
    const before = segments();
    const gone = Array.from({ length: 40 }, (_, i) => i + 1).filter((uid) => uid % 4 > 0);
    await shard.expunge(ANNA, 1, gone as never);
    clock.advance(CHECKPOINT_MS);
    for (let at = 0; at < 20_000; at += 20) clock.advance(20);
    assert(segments() < before / 2, `${before} segments became ${segments()}`);
    assertEquals(texts(shard), [3, 7, 11, 15, 19, 23, 27, 31, 35, 39].map((i) => `${i} `.repeat(100)));
    assertEquals(await problems(shard), []);
    await shard.close();
  }));
