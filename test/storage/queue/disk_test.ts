import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, statSync } from "node:fs";
import { FakeClock } from "../../../src/base/mod.ts";
import {
  DEFAULT_QUEUE_LIMITS,
  type FileSystem,
  nodeFiles,
  openQueueStore,
  type QueueLimits,
  type QueueStore,
} from "../../../src/storage/mod.ts";
import { SPACE_LOOKED_MS } from "../../../src/storage/disk/group_loop.ts";
import { type IndexEnv, LmdbIndex } from "../../../src/storage/disk/index_env.ts";
import { bodyKey } from "../../../src/storage/layout/keys.ts";
import { itemKey, messageKey, scheduleKey } from "../../../src/storage/queue/keys.ts";
import { kindOf } from "../support.ts";
import { bodyText, enqueued, inDirectory, next, outgoing, problems, queueOptions, to } from "./support.ts";

const CHECKPOINT_MS = DEFAULT_QUEUE_LIMITS.unindexedMsMax;

interface Rig {
  readonly store: QueueStore;
  readonly clock: FakeClock;
  readonly index: IndexEnv;
  /** Replaces file calls while it is set. */
  files: Partial<FileSystem>;
  /** Sizes of the segment files, by name. */
  segments(): number[];
}

function rig(run: (rig: Rig) => Promise<void>, limits: Partial<QueueLimits> = {}): Promise<void> {
  return inDirectory(async (dir) => {
    const clock = new FakeClock();
    const real = nodeFiles();
    let replaced: Partial<FileSystem> = {};
    const files = new Proxy(real, { get: (_target, name: keyof FileSystem) => replaced[name] ?? real[name] });
    let index: IndexEnv | null = null;
    const open = (path: string) => index = new LmdbIndex(path, files);
    const options = { clock, files, index: open, limits: { freeBytesMin: 1_000, ...limits } };
    const store = await openQueueStore(queueOptions(dir, options));
    try {
      const folder = `${dir}/queue/segments`;
      const segments = () => readdirSync(folder).sort().map((name) => statSync(`${folder}/${name}`).size);
      await run({
        ...{ store, clock, index: index!, segments },
        get files() {
          return replaced;
        },
        /** No disk fills in no time. */
        set files(others) {
          replaced = others;
          clock.advance(SPACE_LOOKED_MS);
        },
      });
    } finally {
      replaced = {};
      await store.close();
    }
  });
}

function fails(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

function counting(): { files: Partial<FileSystem>; flushes(): number } {
  const real = nodeFiles();
  let flushes = 0;
  return { files: { syncData: (fd) => (flushes++, real.syncData(fd)) }, flushes: () => flushes };
}

Deno.test("mail is refused below the reserve; reading, changing and known opIds go on", () =>
  rig(async (rig) => {
    const { store } = rig;
    const known = outgoing("one", { items: [to("a.test"), to("b.test")] });
    const [first, second] = await enqueued(store, known);
    rig.files = { freeBytes: () => 999 };
    assertEquals(await kindOf(() => store.enqueue(outgoing("two"))), "disk_full");
    assert(store.health() !== "ok");
    assertEquals((await store.enqueue(known)).known, true);
    await store.change([{ item: first!.item, next: null }, {
      item: second!.item,
      next: next(second!, { attempts: 1 }),
    }]);
    await store.suspend("a.test", null);
    assertEquals([bodyText(store, second!.message), store.item(second!.item)?.attempts], ["one", 1]);
    rig.files = {};
    await store.enqueue(outgoing("three"));
    assertEquals(store.health(), "ok");
    assertEquals(await problems(store), []);
  }));

Deno.test("when the device is full, what changes in the same group is done all the same, and no trace of the mail stays", () =>
  rig(async (rig) => {
    const { store } = rig;
    const [item, other] = await enqueued(store, outgoing("one", { items: [to("a.test"), to("b.test")] }));
    const before = rig.segments();
    rig.files = { write: fails("ENOSPC") };
    const refused = outgoing("two");
    const [kind] = await Promise.all([
      kindOf(() => store.enqueue(refused)),
      store.change([{ item: item!.item, next: null }]),
    ]);
    assertEquals([kind, store.item(item!.item), store.counts().items], ["disk_full", null, 1]);
    assertEquals([store.itemsOfMail(refused.envelope.id), rig.segments()], [[], before]);
    rig.files = {};
    assertEquals((await store.enqueue(refused)).known, false);
    assertEquals(bodyText(store, other!.message), "one");
    assertEquals(await problems(store), []);
  }));

Deno.test("after a failed flush nothing is acknowledged until the pause is over; reading goes on", () =>
  rig(async (rig) => {
    const { store, clock } = rig;
    const [item] = await enqueued(store, outgoing("one"));
    let flushes = 0;
    rig.files = {
      syncData: () => {
        flushes++;
        fails("EIO")();
      },
    };
    const input = outgoing("two");
    assertEquals(await kindOf(() => store.enqueue(input)), "disk");
    assertEquals(flushes, 1);
    // The disk works again, but nothing is tried before its time, and the flush is not repeated.
    rig.files = {};
    assertEquals(await kindOf(() => store.enqueue(input)), "disk");
    assertEquals(await kindOf(() => store.change([{ item: item!.item, next: null }])), "disk");
    assert(store.health() !== "ok");
    assertEquals([bodyText(store, item!.message), store.schedule(0, 10).length, store.counts().items], ["one", 1, 1]);
    assertEquals(store.itemsOfMail(input.envelope.id), []);
    clock.advance(100);
    const { items, known } = await store.enqueue(input);
    assertEquals([known, bodyText(store, items[0]!.message), store.health()], [false, "two", "ok"]);
    assertEquals(await problems(store), []);
  }));

Deno.test("what waits goes to the disk together: one flush of the segment for many mails, one for many changes, none of the index", () =>
  rig(async (rig) => {
    const { store } = rig;
    const count = counting();
    rig.files = count.files;
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => enqueued(store, outgoing(`${i}`))));
    assertEquals(count.flushes(), 1);
    await Promise.all(all.map(([item]) => store.change([{ item: item!.item, next: next(item!, { attempts: 1 }) }])));
    await Promise.all(all.slice(10).map(([item]) => store.change([{ item: item!.item, next: null }])));
    assertEquals([count.flushes(), store.counts().items], [3, 10]);
  }));

Deno.test("a group holds no more changes or bytes than its limits; the rest follows in the next", () =>
  rig(async (rig) => {
    const { store } = rig;
    const count = counting();
    rig.files = count.files;
    await Promise.all(Array.from({ length: 9 }, () => store.enqueue(outgoing("x"))));
    assertEquals(count.flushes(), 3);
    await Promise.all([15_000, 100, 1_000].map((size) => store.enqueue(outgoing("x".repeat(size)))));
    assertEquals(count.flushes(), 5);
  }, { groupOpsMax: 4, groupBytesMax: 20_000 }));

Deno.test("more changes than may wait are told busy, at one more than the limit", () =>
  rig(async ({ store }) => {
    const asked = Array.from({ length: 6 }, () => kindOf(() => store.enqueue(outgoing("x"))));
    assertEquals(await Promise.all(asked), ["ok", "ok", "ok", "ok", "ok", "busy"]);
    const large = [50_000, 30_000, 20_000].map((size) => kindOf(() => store.enqueue(outgoing("x".repeat(size)))));
    assertEquals(await Promise.all(large), ["ok", "ok", "busy"]);
    assertEquals(await kindOf(() => store.change([])), "ok");
  }, { pendingOpsMax: 5, pendingBytesMax: 100_000 }));

Deno.test("a damaged item fails alone: others in its group are kept, and it can still be deleted", () =>
  rig(async ({ store, index, clock }) => {
    const [one] = await enqueued(store, outgoing("one"));
    const [two] = await enqueued(store, outgoing("two"));
    clock.advance(CHECKPOINT_MS);
    index.commit(() => index.put(itemKey(one!.item), Uint8Array.of(1, 0, 0)));
    assertEquals(await kindOf(() => store.item(one!.item)), "corrupt");
    const asked = await Promise.all([
      kindOf(() => store.change([{ item: two!.item, next: next(two!, { attempts: 1 }) }])),
      kindOf(() => store.change([{ item: one!.item, next: next(one!, { attempts: 1 }) }])),
      kindOf(() => store.enqueue(outgoing("three"))),
    ]);
    assertEquals([asked, store.item(two!.item)?.attempts], [["ok", "corrupt", "ok"], 1]);
    await store.change([{ item: one!.item, next: null }]);
    assertEquals([store.item(one!.item), store.schedule(0, 10).length], [null, 2]);
    clock.advance(CHECKPOINT_MS);
    assertEquals([store.item(one!.item), store.schedule(0, 10).length], [null, 2]);
    assertEquals((await problems(store)).map(({ message, item, problem }) => [message, item, problem]), [
      [one!.message, null, "it has no items"],
      [null, one!.item, "a row by name leads here: its destination is another, or it is gone"],
    ]);
  }));

Deno.test("a damaged mail is named by verify, and goes with its item", () =>
  rig(async ({ store, index, clock }) => {
    const [one] = await enqueued(store, outgoing("one"));
    const [two] = await enqueued(store, outgoing("two"));
    clock.advance(CHECKPOINT_MS);
    index.commit(() => {
      index.put(messageKey(one!.message), Uint8Array.of(1));
      index.remove(bodyKey(two!.message));
      index.put(scheduleKey(0), index.get(scheduleKey(0))!.slice(0, 8));
    });
    assertEquals(await kindOf(() => store.message(one!.message)), "corrupt");
    assertEquals(await kindOf(() => store.body(two!.message)), "corrupt");
    const found = (await problems(store)).map(({ problem }) => problem);
    const row = `a row of the index (message ${one!.message}) is damaged`;
    for (const expected of [row, "nothing says where the body of the mail lies", "the schedule says otherwise"]) {
      assert(found.includes(expected), `${expected} in ${JSON.stringify(found)}`);
    }
    await store.change([{ item: one!.item, next: null }, { item: two!.item, next: null }]);
    assertEquals([store.counts().items, store.counts().messages, store.schedule(0, 9)], [0, 0, []]);
    clock.advance(CHECKPOINT_MS);
    assertEquals([store.counts().items, store.counts().messages, store.schedule(0, 9)], [0, 0, []]);
  }));

Deno.test("a body that cannot be read is a failure of the disk, for that read alone", () =>
  rig(async (rig) => {
    const [item] = await enqueued(rig.store, outgoing("one"));
    rig.files = { read: fails("EIO") };
    assertEquals(await kindOf(() => rig.store.body(item!.message)), "disk");
    rig.files = {};
    assertEquals([bodyText(rig.store, item!.message), rig.store.health()], ["one", "ok"]);
  }));

Deno.test("a segment of which all is dead is removed, one of which more than half is dead is copied and removed", () =>
  rig(async (rig) => {
    const { store, clock } = rig;
    const items = [];
    for (let i = 0; i < 60; i++) items.push((await enqueued(store, outgoing(`${i} `.repeat(100))))[0]!);
    const before = rig.segments().length;
    // The first half goes wholly, of the second half every third stays.
    const left = items.filter((_, i) => i >= 30 && i % 3 === 0);
    await store.change(items.filter((one) => !left.includes(one)).map(({ item }) => ({ item, next: null })));
    assertEquals(rig.segments().length, before, "nothing is compacted while changes are answered");
    clock.advance(1_000);
    for (let step = 0; step < 200; step++) {
      clock.advance(20);
      // Mail is taken between the steps.
      if (step % 50 === 0) left.push((await enqueued(store, outgoing(`late ${step}`)))[0]!);
    }
    assert(rig.segments().length < before / 2, `${before} segments became ${rig.segments().length}`);
    assertEquals(store.counts().messages, left.length);
    for (const { item, message } of left) {
      const index = items.findIndex((one) => one.item === item);
      if (index >= 0) assertEquals(bodyText(store, message), `${index} `.repeat(100));
    }
    assertEquals(await problems(store), []);
    await store.change(left.map(({ item }) => ({ item, next: null })));
    clock.advance(1_000);
    for (let step = 0; step < 200; step++) clock.advance(20);
    assert(rig.segments().length <= 1);
    assertEquals(store.counts(), { items: 0, messages: 0, bytes: 0 });
  }, { segmentBytesMax: 4_000, compactStepBytesMax: 700 }));

Deno.test("a step of compaction for which the disk fails loses nothing, and is done when the disk is well", () =>
  rig(async (rig) => {
    const { store, clock } = rig;
    const items = [];
    for (let i = 0; i < 40; i++) items.push((await enqueued(store, outgoing(`${i} `.repeat(100))))[0]!);
    const before = rig.segments().length;
    const left = items.filter((_, i) => i % 4 === 0);
    await store.change(items.filter((_, i) => i % 4 > 0).map(({ item }) => ({ item, next: null })));
    for (const code of ["ENOSPC", "EIO"]) {
      rig.files = { write: fails(code) };
      for (let step = 0; step < 60; step++) clock.advance(1_000);
      for (const { message, item } of left) {
        assertEquals(
          bodyText(store, message),
          `${items.findIndex((one) => one.item === item)} `.repeat(100),
        );
      }
    }
    rig.files = {};
    clock.advance(10_000);
    await store.enqueue(outgoing("awake"));
    for (let step = 0; step < 60; step++) clock.advance(1_000);
    for (let step = 0; step < 200; step++) clock.advance(20);
    assert(rig.segments().length < before / 1.5, `${before} segments became ${rig.segments().length}`);
    assertEquals(await problems(store), []);
  }, { segmentBytesMax: 4_000, compactStepBytesMax: 700 }));

Deno.test("on a disk that cannot be written the queue opens, reads, and takes mail when the disk is back", () =>
  inDirectory(async (dir) => {
    const clock = new FakeClock();
    let failing = false;
    class FullIndex extends LmdbIndex {
      override reserve(bytes: number): void {
        if (failing) fails("ENOSPC")();
        super.reserve(bytes);
      }
    }
    const first = await openQueueStore(queueOptions(dir, { clock }));
    await first.enqueue(outgoing("one"));
    await first.close();
    failing = true;
    const store = await openQueueStore(queueOptions(dir, { clock, index: (path) => new FullIndex(path) }));
    assertEquals(bodyText(store, 1), "one");
    assert(store.health() !== "ok");
    assertEquals(await kindOf(() => store.enqueue(outgoing("two"))), "disk_full");
    clock.advance(100);
    assertEquals(await kindOf(() => store.change([{ item: 1, next: null }])), "disk_full");
    failing = false;
    clock.advance(5_000);
    const [item] = await enqueued(store, outgoing("two"));
    assertEquals([item!.item, bodyText(store, 2), store.health()], [2, "two", "ok"]);
    await store.close();
  }));

Deno.test("on a small device segments are small, from the first start on", () =>
  inDirectory(async (dir) => {
    const files: FileSystem = { ...nodeFiles(), deviceBytes: (path) => existsSync(path) ? 64 * 1024 * 1024 : null };
    const store = await openQueueStore(queueOptions(dir, { files }));
    const large = new Uint8Array(4 * 1024 * 1024);
    for (let i = 0; i < 2; i++) await store.enqueue(outgoing(large));
    assertEquals(readdirSync(`${dir}/queue/segments`).length, 2);
    await store.close();
  }));
