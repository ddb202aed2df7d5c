import { assertEquals } from "@std/assert";
import { cpSync } from "node:fs";
import { FakeClock } from "../../../src/base/mod.ts";
import { nodeFiles, openQueueStore, type StoredItem } from "../../../src/storage/mod.ts";
import { settle } from "../../runtime/support/system.ts";
import { kindOf } from "../support.ts";
import { enqueued, inDirectory, next, outgoing, queueOptions } from "./support.ts";

const WAIT_MS = 5;

/** A queue in which what is done may wait, with two items, and a count of its flushes. */
async function open(dir: string) {
  const clock = new FakeClock();
  const disk = { flushes: 0, broken: false };
  const real = nodeFiles();
  const files = {
    ...real,
    syncData(fd: number) {
      disk.flushes++;
      if (disk.broken) throw Object.assign(new Error("EIO"), { code: "EIO" });
      real.syncData(fd);
    },
  };
  const store = await openQueueStore(queueOptions(dir, { clock, files, limits: { doneWaitMsMax: WAIT_MS } }));
  const [one] = await enqueued(store, outgoing("one"));
  const [two] = await enqueued(store, outgoing("two"));
  const done: number[] = [];
  const end = async ({ item }: StoredItem) => {
    await store.change([{ item, next: null }]);
    done.push(item);
  };
  return { store, clock, disk, done, end, one: one!, two: two! };
}

Deno.test("what is done waits for the next group and goes with it, in one flush", () =>
  inDirectory(async (dir) => {
    const { store, disk, done, end, one, two } = await open(dir);
    const { flushes } = disk;
    const ends = [end(one), end(two)];
    await settle();
    assertEquals([done, disk.flushes - flushes, store.counts().items], [[], 0, 2]);
    await enqueued(store, outgoing("another"));
    await Promise.all(ends);
    assertEquals([done, disk.flushes - flushes, store.counts().items], [[one.item, two.item], 1, 1]);
    await store.close();
  }));

Deno.test("what is done waits so long and not longer, and no time is left running by what went earlier", () =>
  inDirectory(async (dir) => {
    const { store, clock, disk, done, end, one, two } = await open(dir);
    const first = end(one);
    clock.advance(WAIT_MS - 1);
    await settle();
    assertEquals(done, []);
    clock.advance(1);
    await first;
    const { flushes } = disk;
    const second = end(two);
    await enqueued(store, outgoing("takes it along"));
    await second;
    clock.advance(WAIT_MS);
    await settle();
    assertEquals(disk.flushes - flushes, 1);
    await store.close();
  }));

Deno.test("what is not done does not wait: another state, another mail, and a change of nothing", () =>
  inDirectory(async (dir) => {
    const { store, one, two } = await open(dir);
    await store.change([{ item: one.item, next: next(one, { attempts: 1 }) }, { item: two.item, next: null }]);
    await store.change([]);
    await enqueued(store, outgoing("another"));
    assertEquals(store.counts().items, 2);
    await store.close();
  }));

Deno.test("a queue that closes writes down at once what waits; a crash before leaves the items to be tried again", () =>
  inDirectory(async (dir) => {
    const { store, end, one } = await open(dir);
    const ending = end(one);
    await settle();
    cpSync(`${dir}/queue`, `${dir}/crashed/queue`, { recursive: true });
    await store.close();
    await ending;
    for (const [name, items] of [["crashed", 2], [".", 1]] as const) {
      const again = await openQueueStore(queueOptions(`${dir}/${name}`));
      assertEquals(again.counts().items, items);
      await again.close();
    }
  }));

Deno.test("what waited on a disk that fails is refused with the others", () =>
  inDirectory(async (dir) => {
    const { store, clock, disk, end, one } = await open(dir);
    const ending = kindOf(() => end(one));
    await settle();
    disk.broken = true;
    assertEquals(await kindOf(() => store.enqueue(outgoing("lost"))), "disk");
    assertEquals(await ending, "disk");
    disk.broken = false;
    clock.advance(60_000);
    await enqueued(store, outgoing("taken again"));
    assertEquals(store.counts().items, 3);
    await store.close();
  }));
