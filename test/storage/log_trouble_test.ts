/** The log of a shard when a flush fails, a device is full, or a second owner comes. */
import { readFileSync } from "node:fs";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock, seededRandom } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, type FileSystem, nodeFiles } from "../../src/storage/mod.ts";
import { adding, replacing } from "./account_inputs.ts";
import {
  allOf,
  CHECKPOINT_MS,
  coded,
  crashed,
  inDirectory,
  open,
  problems,
  rowsOf,
  segmentOf,
  texts,
  watchedDisk,
  WatchedIndex,
} from "./log_support.ts";
import { SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA, kindOf, mail, uids } from "./support.ts";

/** Owners that may follow each other within one process. */
const OWNED = { owner: "process 1", defer: (run: () => void) => run() };

/** Files in which something else happens first when they are written or flushed the next time. */
function interruptible(call: "write" | "syncData"): { files: FileSystem; next: (run: () => void) => void } {
  const real = nodeFiles();
  let first = () => {};
  const interrupted = (...args: never[]) => {
    const run = first;
    first = () => {};
    run();
    (real[call] as (...args: never[]) => void)(...args);
  };
  return { files: { ...real, [call]: interrupted }, next: (run) => first = run };
}

Deno.test("when no checkpoint finds space, mail is refused before memory grows beyond its bound; what makes room goes on", () =>
  inDirectory(async (dir) => {
    const { shard, clock, index } = await open(dir, { limits: { unindexedRowsMax: 20 } });
    await shard.deliver(mail("first"));
    index.full = true;
    let taken = 0;
    for (; taken < 50; taken++) if (await kindOf(() => shard.deliver(mail("more"))) !== "ok") break;
    assert(taken > 3 && taken <= 20, `${taken} were taken`);
    const health = shard.health();
    assert(health !== "ok" && health.kind === "disk_full", "operators are told");
    assertStringIncludes(health.message, "no space is left for the index of the shard");
    assertEquals(await kindOf(() => shard.deliver(mail("more"))), "disk_full");
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    // Flags add rows; beyond the bound they go to the index without a reserve.
    const { commits } = index;
    for (let i = 0; i < 300; i++) await shard.storeFlags(ANNA, 1, [2], replacing(1 + i % 2));
    assert(index.commits > commits, "memory has a bound");
    clock.advance(60_000);
    assertEquals(await kindOf(() => shard.deliver(mail("more"))), "ok", "room was found all the same");
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard).length, await problems(left.shard)], [taken + 1, []]);
    await left.shard.close();
    index.full = false;
    clock.advance(60_000);
    assertEquals([shard.health(), await problems(shard)], ["ok", []]);
    await shard.close();
  }));

Deno.test("mail that an owner acknowledges while its successor opens the shard is the successor's", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir, OWNED);
    await lost.shard.deliver(mail("before"));
    const answers: string[] = [];
    const deliver = (body: string) =>
      void lost.shard.deliver(mail(body)).then(() => answers.push("acknowledged"), ({ kind }) => answers.push(kind));
    let commits = 0;
    const openIndex = (path: string) => {
      const index = new WatchedIndex(path);
      index.beforeCommit = () => {
        // The last that is acknowledged comes before the name is committed, and after the log was read for the first time.
        if (commits++ === 0) deliver("during");
      };
      index.afterCommit = () => {
        // And this one before the log is read for the second time.
        if (commits === 1) deliver("late");
      };
      return index;
    };
    const { shard } = await open(dir, { ...OWNED, openIndex });
    assertEquals(answers, ["acknowledged", "refused"]);
    assertEquals(texts(shard).slice(0, 2), ["before", "during"]);
    // What was refused may be there, whole, and never shadows what comes.
    const found = texts(shard).length;
    assertEquals(uids(await shard.deliver(mail("after"))), [found + 1]);
    assertEquals([texts(shard).at(-1), await problems(shard)], ["after", []]);
    await lost.shard.close();
    const left = await open(crashed(dir));
    assertEquals(texts(left.shard), texts(shard));
    await left.shard.close();
    await shard.close();
  }));

Deno.test("an owner that hangs in its write while a successor claims is refused, and what it wrote late is nobody's mail", () =>
  inDirectory(async (dir) => {
    const { files, next } = interruptible("write");
    const lost = await open(dir, { ...OWNED, files });
    await lost.shard.deliver(mail("before"));
    let opening: ReturnType<typeof open> | null = null;
    next(() => opening = open(dir, OWNED));
    assertEquals(await kindOf(() => lost.shard.deliver(mail("late"))), "refused");
    const successor = await opening!;
    assertEquals(texts(successor.shard), ["before"]);
    // The power goes before the successor has written anything: the late group is whole, and still does not count.
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), uids(await left.shard.deliver(mail("other")))], [["before"], [2]]);
    await left.shard.close();
    assertEquals(uids(await successor.shard.deliver(mail("after"))), [2]);
    assertEquals([texts(successor.shard), await problems(successor.shard)], [["before", "after"], []]);
    await lost.shard.close();
    await successor.shard.close();
  }));

Deno.test("an owner whose flush finds no space cuts nothing off that a successor has read meanwhile", () =>
  inDirectory(async (dir) => {
    const { files, next } = interruptible("syncData");
    const lost = await open(dir, { ...OWNED, files });
    await lost.shard.deliver(mail("before"));
    let opening: ReturnType<typeof open> | null = null;
    next(() => {
      opening = open(dir, OWNED);
      throw coded("ENOSPC");
    });
    const input = mail("written, and read by the successor");
    assertEquals(await kindOf(() => lost.shard.deliver(input)), "refused");
    const { shard } = await opening!;
    assertEquals(uids(await shard.deliver(input)), [2], "it is known");
    assertEquals([texts(shard), await problems(shard)], [["before", "written, and read by the successor"], []]);
    await lost.shard.close();
    await shard.close();
  }));

Deno.test("a commit of the index that fails and has come true all the same is not made twice", () =>
  inDirectory(async (dir) => {
    const { shard, state, clock, index } = await open(dir);
    for (const body of ["one", "two"]) await shard.deliver(mail(body));
    await shard.expunge(ANNA, 1, [1]);
    index.afterCommit = () => {
      index.afterCommit = () => {};
      throw coded("EIO");
    };
    clock.advance(CHECKPOINT_MS);
    assert(shard.health() !== "ok");
    assertEquals([texts(shard), state.owed, allOf(index)], [["two"], false, allOf(state.index)]);
    clock.advance(100);
    assertEquals(uids(await shard.deliver(mail("three"))), [3]);
    assertEquals([texts(shard), await problems(shard)], [["two", "three"], []]);
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["two", "three"], []]);
    await left.shard.close();
    await shard.close();
  }));

Deno.test("a failed flush leaves the rows as they were, and the segment behind: its successor begins with a checkpoint", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let fails = false;
    const syncData = (fd: number) => {
      if (fails) throw coded("EIO");
      real.syncData(fd);
    };
    const { shard, state, clock } = await open(dir, { files: { ...real, syncData } });
    await shard.deliver(mail("one"));
    await shard.storeFlags(ANNA, 1, [1], adding(1));
    const [before, segment] = [rowsOf(state), segmentOf(dir)];
    fails = true;
    assertEquals(await kindOf(() => shard.deliver(mail("in doubt"))), "disk");
    assertEquals(rowsOf(state), before);
    // It may be on the disk all the same; then a crash now shows it, whole.
    const now = await open(crashed(dir));
    assertEquals([texts(now.shard), await problems(now.shard)], [["one", "in doubt"], []]);
    await now.shard.close();
    fails = false;
    clock.advance(1_000);
    assertEquals(uids(await shard.deliver(mail("two"))), [2]);
    assert(segmentOf(dir) !== segment, "what is in doubt is never written over");
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["one", "two"], []]);
    await left.shard.close();
    await shard.close();
  }));

Deno.test("mail that was refused for want of space is not there after a loss of power", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new SimDisk(seededRandom(seed));
    const shard = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
    await shard.deliver(mail("one"));
    disk.fault = (_step, name) => name === "syncData" ? (disk.fault = () => null, "ENOSPC") : null;
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk_full");
    disk.restart();
    const left = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
    assertEquals([texts(left), await problems(left)], [["one"], []], `seed ${seed}`);
  }
});

Deno.test("what a killed process left in the page cache is written again, and flushed before the index names it", () =>
  inDirectory(async (dir) => {
    const { shard } = await open(dir);
    for (const body of ["one", "two"]) await shard.deliver(mail(body));
    const left = crashed(dir);
    const { done, files, openIndex } = watchedDisk(readFileSync(segmentOf(left)));
    const next = await open(left, { files, openIndex });
    assertEquals([done.slice(0, 4), texts(next.shard)], [["commit", [0, true], "flush", "commit"], ["one", "two"]]);
    await next.shard.close();
    await shard.close();
  }));

Deno.test("mail that could not even be cut off for want of space is in doubt, and nobody says that it is not there", async () => {
  for (const call of ["syncData", "truncate"]) {
    const disk = new SimDisk(seededRandom(1));
    const clock = new FakeClock();
    const shard = await openSimShard(disk, clock, DEFAULT_LIMITS);
    await shard.deliver(mail("one"));
    let flushed = false;
    disk.fault = (_step, name) => {
      const fails = flushed ? name === call : name === "syncData";
      flushed ||= fails;
      return fails ? "ENOSPC" : null;
    };
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk", call);
    disk.fault = () => null;
    clock.advance(60_000);
    assertEquals([await kindOf(() => shard.deliver(mail("three"))), texts(shard)], ["ok", ["one", "three"]]);
    disk.restart();
    const left = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
    assertEquals([texts(left), await problems(left)], [["one", "three"], []]);
  }
});

Deno.test("on a device without any space a change that frees some goes to the index, and survives a crash", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let full = false;
    const write = (...args: Parameters<FileSystem["write"]>) => {
      if (full) throw coded("ENOSPC");
      real.write(...args);
    };
    const { shard, index } = await open(dir, { files: { ...real, write } });
    for (const body of ["one", "two"]) await shard.deliver(mail(body));
    full = true;
    const { commits } = index;
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    assertEquals([index.commits, await kindOf(() => shard.deliver(mail("three")))], [commits + 1, "disk_full"]);
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["two"], []]);
    await left.shard.close();
    full = false;
    assertEquals(uids(await shard.deliver(mail("three"))), [3]);
    await shard.close();
  }));

Deno.test("a change that went to the index of a full device, and came true though the flush said otherwise, is shown", () =>
  inDirectory(async (dir) => {
    const real = nodeFiles();
    let full = false;
    const write = (...args: Parameters<FileSystem["write"]>) => {
      if (full) throw coded("ENOSPC");
      real.write(...args);
    };
    const { shard, state, clock, index } = await open(dir, { files: { ...real, write } });
    for (const body of ["one", "two"]) await shard.deliver(mail(body));
    full = true;
    index.afterCommit = () => {
      index.afterCommit = () => {};
      throw coded("EIO");
    };
    assertEquals(await kindOf(() => shard.expunge(ANNA, 1, [1])), "disk");
    full = false;
    assertEquals([texts(shard), state.owed, allOf(index)], [["two"], false, allOf(state.index)]);
    clock.advance(1_000);
    assertEquals(uids(await shard.deliver(mail("three"))), [3]);
    const left = await open(crashed(dir));
    assertEquals([texts(left.shard), await problems(left.shard)], [["two", "three"], []]);
    await left.shard.close();
    await shard.close();
  }));
