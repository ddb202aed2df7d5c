import { assert, assertEquals } from "@std/assert";
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import {
  DEFAULT_LIMITS,
  type FileSystem,
  type MailStoreOptions,
  nodeFiles,
  openMailStore,
  shardDirectory,
  type StoreLimits,
} from "../../src/storage/mod.ts";
import { FakeClock, seededRandom, SILENT } from "../../src/base/mod.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { LocalLog } from "../../src/storage/shard_log.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { type IndexEnv, LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { diskOptions, kindOf, mail, temporaryDirectory, text, uids } from "./support.ts";

async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function open(dir: string, options: Partial<MailStoreOptions> = {}) {
  return openMailStore(diskOptions(dir, { owner: "process 1", ...options }));
}

function segments(dir: string): string[] {
  return readdirSync(`${shardDirectory(dir, 0)}/segments`).sort();
}

Deno.test("an owner that was given up and wakes is refused, and its successor's mail stays whole", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    assertEquals(uids(await lost.shard(0).deliver(mail("before"))), [1]);
    const successor = await open(dir);
    const shard = successor.shard(0);
    assertEquals(uids(await shard.deliver(mail("of the successor"))), [2]);
    // It flushes its body to the segment as if nothing had happened: only the index can tell it.
    assertEquals(await kindOf(() => lost.shard(0).deliver(mail("of the one that hung, and longer"))), "refused");
    assertEquals(await kindOf(() => lost.shard(0).expunge(mail("").targets[0]!.account, 1, [1])), "refused");
    assertEquals(uids(await shard.deliver(mail("after"))), [3]);
    assertEquals([1, 2, 3].map((uid) => text(shard, uid)), ["before", "of the successor", "after"]);
    for await (const event of successor.verify()) assert(event.type !== "bad", JSON.stringify(event));
    await lost.close();
    await successor.close();
  }));

Deno.test("a write that a lost owner began before its successor opened, and that lands after, hits nobody's mail", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    await lost.shard(0).deliver(mail("before"));
    const path = `${shardDirectory(dir, 0)}/segments/${segments(dir)[0]}`;
    const end = statSync(path).size;
    const successor = await open(dir);
    const shard = successor.shard(0);
    const bodies = Array.from({ length: 20 }, (_, i) => `${i} `.repeat(500));
    for (const body of bodies) await shard.deliver(mail(body));
    // What hung in the kernel is written now, where the lost owner would have had its next body.
    const fd = openSync(path, "r+");
    writeSync(fd, new Uint8Array(100_000).fill(0x7a), 0, 100_000, end);
    closeSync(fd);
    assertEquals(text(shard, 1), "before");
    bodies.forEach((body, i) => assertEquals(text(shard, i + 2), body));
    for await (const event of successor.verify()) assert(event.type !== "bad", JSON.stringify(event));
    await lost.close();
    await successor.close();
  }));

Deno.test("the same process does not append to the segment of its lost owner; another process goes on with it", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    await lost.shard(0).deliver(mail("one"));
    const [first] = segments(dir);
    const again = await open(dir);
    await again.shard(0).deliver(mail("two"));
    assertEquals(segments(dir).length, 2);
    await again.close();
    await lost.close();
    const other = await open(dir, { owner: "process 2" });
    await other.shard(0).deliver(mail("three"));
    assertEquals(segments(dir).length, 2);
    assertEquals(segments(dir)[0], first);
    assertEquals([1, 2, 3].map((uid) => text(other.shard(0), uid)), ["one", "two", "three"]);
    await other.close();
  }));

/** A disk whose flushes fail while the test says so. */
function failingDisk(): { files: FileSystem; fails: boolean } {
  const real = nodeFiles();
  const disk = {
    fails: false,
    files: {
      ...real,
      syncData(fd: number) {
        if (disk.fails) throw Object.assign(new Error("EIO"), { code: "EIO" });
        real.syncData(fd);
      },
    },
  };
  return disk;
}

for (const [what, writes] of [["has stored mail", true], ["has only claimed the shard", false]] as const) {
  Deno.test(`a lost owner whose disk fails does not take a shard back from its successor, which ${what}`, () =>
    inDirectory(async (dir) => {
      const clock = new FakeClock();
      const disk = failingDisk();
      const lost = await open(dir, { clock, files: disk.files });
      await lost.shard(0).deliver(mail("before"));
      const successor = await open(dir);
      const shard = successor.shard(0);
      if (writes) assertEquals(uids(await shard.deliver(mail("of the successor"))), [2]);
      disk.fails = true;
      assertEquals(await kindOf(() => lost.shard(0).deliver(mail("late"))), "disk");
      disk.fails = false;
      for (let i = 0; i < 3; i++) {
        clock.advance(60_000);
        assertEquals(await kindOf(() => lost.shard(0).deliver(mail("late"))), "refused");
      }
      assertEquals(text(lost.shard(0), 1), "before", "it can still be read from");
      assertEquals(uids(await shard.deliver(mail("goes on"))), [writes ? 3 : 2]);
      for await (const event of successor.verify()) assert(event.type !== "bad", JSON.stringify(event));
      await lost.close();
      await successor.close();
    }));
}

/** An owner whose commits of the index go wrong as the test says. */
async function openOver(
  dir: string,
  clock: FakeClock,
  commit: (real: () => unknown) => unknown,
  limits: Partial<StoreLimits> = {},
): Promise<LoggedShard> {
  const files = nodeFiles();
  const place = shardDirectory(dir, 0);
  const common = { dir: place, files, log: SILENT, limits: { ...DEFAULT_LIMITS, ...limits } };
  const openIndex = (path: string) => {
    const index: IndexEnv = new LmdbIndex(path, files);
    const real = index.commit.bind(index);
    index.commit = <T>(change: () => T) => commit(() => real(change)) as T;
    return index;
  };
  const [random, owner] = [seededRandom(1), "process 1"];
  const state = new ShardState({
    ...common,
    shard: 0,
    shardCount: 1,
    random,
    wallMs: clock.wallMs(),
    owner,
    openIndex,
  });
  const defer = (run: () => void) => void setImmediate(run);
  const shard = new LoggedShard(state, new LocalLog(state), { ...common, number: 0, node: "local", clock, defer });
  await shard.open();
  return shard;
}

function broken(): never {
  throw Object.assign(new Error("EIO"), { code: "EIO" });
}

Deno.test("an owner that found the disk broken from the start does not take the shard from who came after it", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock();
    const first = await open(dir);
    await first.shard(0).deliver(mail("before"));
    await first.close();
    let fails = true;
    const lost = await openOver(dir, clock, (real) => fails ? broken() : real());
    assertEquals(await kindOf(() => lost.deliver(mail("late"))), "disk");
    const successor = await open(dir);
    await successor.shard(0).deliver(mail("of the successor"));
    fails = false;
    clock.advance(60_000);
    assertEquals(await kindOf(() => lost.deliver(mail("late"))), "refused");
    assertEquals(uids(await successor.shard(0).deliver(mail("goes on"))), [3]);
    await lost.close();
    await successor.close();
  }));

Deno.test("an owner whose commits were in doubt and came true is still the owner", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock();
    let doubtful = 0;
    const owner = await openOver(dir, clock, (real) => {
      const answer = real();
      return doubtful-- > 0 ? broken() : answer;
    }, { unindexedRowsMax: 0 });
    await owner.deliver(mail("first"));
    await owner.deliver(mail("second"));
    // The checkpoint before a delivery, and then the claim after it: each is on the disk though the flush said otherwise.
    doubtful = 2;
    assertEquals(await kindOf(() => owner.deliver(mail("never written"))), "disk");
    assertEquals([1, 2].map((uid) => text(owner, uid)), ["first", "second"]);
    clock.advance(60_000);
    assertEquals(await kindOf(() => owner.deliver(mail("while the claim is in doubt"))), "disk");
    clock.advance(60_000);
    assertEquals(uids(await owner.deliver(mail("after"))), [3]);
    assertEquals([1, 2, 3].map((uid) => text(owner, uid)), ["first", "second", "after"]);
    await owner.close();
  }));

Deno.test("an index tells when anybody may have committed, and shows what was, however often it was asked before", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/index.mdb`;
    const [key, value] = [Uint8Array.of(1), (octet: number) => Uint8Array.of(octet)];
    const [own, other] = [new LmdbIndex(path), new LmdbIndex(path)];
    const risen = (index: LmdbIndex) => {
      const before = index.refresh();
      return () => index.refresh() !== before;
    };
    own.commit(() => own.put(key, value(1)));
    assertEquals(own.get(key), value(1));
    let isNew = risen(own);
    for (let i = 0; i < 3; i++) assertEquals(isNew(), false);
    for (let octet = 2; octet < 6; octet++) {
      const [mine, theirs] = [risen(own), risen(other)];
      other.commit(() => other.put(key, value(octet)));
      assert(mine());
      assertEquals(own.get(key), value(octet));
      own.commit(() => own.put(key, value(octet + 100)));
      assert(theirs());
      assertEquals([own, other].map((index) => index.get(key)), [value(octet + 100), value(octet + 100)]);
    }
    own.reopen();
    isNew = risen(own);
    other.commit(() => other.put(key, value(9)));
    assert(isNew());
    assertEquals(own.get(key), value(9));
    for (const index of [own, other]) index.close();
    await Promise.all([own, other].map((index) => index.gone()));
  }));
