import { assert, assertEquals } from "@std/assert";
import { readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { FakeClock } from "../../src/base/mod.ts";
import {
  DEFAULT_LIMITS,
  type FileSystem,
  nodeFiles,
  openMailStore,
  shardDirectory,
  type ShardStore,
  type StoreLimits,
} from "../../src/storage/mod.ts";
import { SPACE_LOOKED_MS } from "../../src/storage/disk/group_loop.ts";
import { fittedLimits } from "../../src/storage/limits.ts";
import { adding, replacing } from "./account_inputs.ts";
import { ANNA, BERT, diskOptions, kindOf, mail, targets, temporaryDirectory, text, uids } from "./support.ts";

interface Rig {
  readonly shard: ShardStore;
  readonly clock: FakeClock;
  /** Replaces file calls while it is set. */
  files: Partial<FileSystem>;
  /** Bytes of all segment files. */
  segmentBytes(): number;
}

async function rig(run: (rig: Rig) => Promise<void>, limits: Partial<StoreLimits> = {}): Promise<void> {
  const dir = temporaryDirectory();
  const clock = new FakeClock();
  const real = nodeFiles();
  let replaced: Partial<FileSystem> = {};
  const files = new Proxy(real, {
    get: (_target, name: keyof FileSystem) => replaced[name] ?? real[name],
  });
  const store = await openMailStore(diskOptions(dir, { clock, files, limits: { freeBytesMin: 1_000, ...limits } }));
  try {
    const folder = `${shardDirectory(dir, 0)}/segments`;
    const segmentBytes = () => readdirSync(folder).reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0);
    await run({
      ...{ shard: store.shard(0), clock, segmentBytes },
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
    rmSync(dir, { recursive: true, force: true });
  }
}

function fails(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

Deno.test("deliveries are refused below the reserve; reading, flags, deleting and known opIds go on", () =>
  rig(async (rig) => {
    const { shard } = rig;
    const known = mail("one", { targets: targets(ANNA, BERT) });
    await shard.deliver(known);
    rig.files = { freeBytes: () => 1_000 };
    assertEquals(uids(await shard.deliver(mail("two"))), [2]);
    rig.files = { freeBytes: () => 999 };
    assertEquals(await kindOf(() => shard.deliver(mail("three"))), "disk_full");
    assertEquals(shard.health() === "ok" ? "ok" : shard.health(), shard.health());
    assert(shard.health() !== "ok");
    assertEquals(uids(await shard.deliver(known)), [1, 1]);
    assertEquals(text(shard, 1), "one");
    await shard.storeFlags(ANNA, 1, [1], adding(1));
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    await shard.withdraw(known.opId);
    rig.files = {};
    assertEquals(uids(await shard.deliver(mail("four"))), [3]);
    assertEquals(shard.health(), "ok");
  }));

Deno.test("where much space is left it is looked at now and then; where little is, for every group", () =>
  rig(async (rig) => {
    const { shard, clock } = rig;
    const GB = 1024 * 1024 * 1024;
    let [free, looked] = [3 * GB, 0];
    const looks = async () => {
      const before = looked;
      await shard.deliver(mail("one"));
      return looked - before;
    };
    rig.files = { freeBytes: () => (looked++, free) };
    assertEquals([await looks(), await looks(), await looks()], [1, 0, 0]);
    clock.advance(SPACE_LOOKED_MS - 1);
    assertEquals(await looks(), 0);
    clock.advance(1);
    free = GB;
    assertEquals([await looks(), await looks(), await looks()], [1, 1, 1]);
    free = 999;
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk_full");
    free = 3 * GB;
    assertEquals([await looks(), await looks()], [1, 0]);
  }));

Deno.test("a large message needs half as much again as its size", () =>
  rig(async (rig) => {
    rig.files = { freeBytes: () => 15_000 };
    assertEquals(await kindOf(() => rig.shard.deliver(mail("x".repeat(10_001)))), "disk_full");
    assertEquals(await kindOf(() => rig.shard.deliver(mail("x".repeat(10_000)))), "ok");
  }));

Deno.test("an index that has grown to its limit takes no more deliveries, and deleting still works", () =>
  rig(async (rig) => {
    const { shard } = rig;
    await shard.deliver(mail("one"));
    rig.files = { fileBytes: () => 10_000_000 };
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk_full");
    assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
    rig.files = { fileBytes: () => 9_999_999 };
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "ok");
  }, { indexBytesMax: 10_000_000 }));

Deno.test("when the device is full, what deletes in the same group is done all the same", () =>
  rig(async (rig) => {
    const { shard } = rig;
    await shard.deliver(mail("one"));
    rig.files = { write: fails("ENOSPC") };
    const [stored, gone] = await Promise.all([
      kindOf(() => shard.deliver(mail("two"))),
      shard.expunge(ANNA, 1, [1]),
    ]);
    assertEquals([stored, gone.expunged], ["disk_full", [1 as never]]);
    rig.files = {};
    assertEquals(uids(await shard.deliver(mail("three"))), [2]);
    assertEquals(text(shard, 2), "three");
  }));

Deno.test("after a failed flush nothing is acknowledged until the pause is over and a claim was written", () =>
  rig(async (rig) => {
    const { shard, clock } = rig;
    await shard.deliver(mail("one"));
    let flushes = 0;
    rig.files = {
      syncData: () => {
        flushes++;
        fails("EIO")();
      },
    };
    const input = mail("two");
    assertEquals(await kindOf(() => shard.deliver(input)), "disk");
    assertEquals(flushes, 1);
    // The disk works again, but nothing is tried before its time, and the flush is not repeated.
    rig.files = {};
    assertEquals(await kindOf(() => shard.deliver(input)), "disk");
    assertEquals(await kindOf(() => shard.expunge(ANNA, 1, [1])), "disk");
    assert(shard.health() !== "ok");
    assertEquals(text(shard, 1), "one");
    clock.advance(100);
    assertEquals(uids(await shard.deliver(input)), [2]);
    assertEquals([text(shard, 2), shard.status(ANNA, 1).messages, shard.health()], ["two", 2, "ok"]);
  }));

Deno.test("the pauses of a disk that goes on failing grow, up to their limit", () =>
  rig(async (rig) => {
    const { shard, clock } = rig;
    rig.files = { syncData: fails("EIO") };
    const tries: number[] = [];
    for (let now = 0; now < 3_000; now += 50) {
      const before = shard.health();
      await kindOf(() => shard.deliver(mail("x")));
      if (shard.health() !== before) tries.push(now);
      clock.advance(50);
    }
    // A claim needs no segment, so each time the shard comes up, one delivery is tried, and it falls again.
    assert(tries.length > 3, `${tries}`);
    rig.files = {};
    clock.advance(5_000);
    assertEquals(uids(await shard.deliver(mail("y"))), [1]);
  }, { retryMsMin: 100, retryMsMax: 400 }));

Deno.test("a body that cannot be read is a failure of the disk, for that read alone", () =>
  rig(async (rig) => {
    const { shard } = rig;
    await shard.deliver(mail("one"));
    rig.files = { read: fails("EIO") };
    assertEquals(await kindOf(() => text(shard, 1)), "disk");
    rig.files = {};
    assertEquals([text(shard, 1), shard.health()], ["one", "ok"]);
  }));

Deno.test("more changes than may wait are told busy, at one more than the limit", () =>
  rig(async ({ shard }) => {
    const asked = Array.from({ length: 6 }, () => kindOf(() => shard.deliver(mail("x"))));
    assertEquals(await Promise.all(asked), ["ok", "ok", "ok", "ok", "ok", "busy"]);
    const bytes = [mail("x".repeat(60)), mail("x".repeat(40)), mail("y")].map((input) =>
      kindOf(() => shard.deliver(input))
    );
    assertEquals(await Promise.all(bytes), ["ok", "ok", "busy"]);
    assertEquals(await kindOf(() => shard.deliver(mail("z"))), "ok");
  }, { pendingOpsMax: 5, pendingBytesMax: 100 }));

Deno.test("a group holds no more changes or bytes than its limits; the rest follows in the next", () =>
  rig(async (rig) => {
    let flushes = 0;
    const real = nodeFiles();
    rig.files = { syncData: (fd) => (flushes++, real.syncData(fd)) };
    await Promise.all(Array.from({ length: 9 }, () => rig.shard.deliver(mail("x"))));
    assertEquals(flushes, 3);
    await Promise.all(["a".repeat(400), "b".repeat(100), "c"].map((body) => rig.shard.deliver(mail(body))));
    assertEquals(flushes, 5);
  }, { groupOpsMax: 4, groupBytesMax: 500 }));

Deno.test("on a disk that cannot be written the store opens, reads, and takes mail when the disk is back", async () => {
  const dir = temporaryDirectory();
  const clock = new FakeClock();
  const real = nodeFiles();
  let failing = false;
  const files: FileSystem = { ...real, write: (...args) => failing ? fails("ENOSPC")() : real.write(...args) };
  try {
    const first = await openMailStore(diskOptions(dir, { clock }));
    await first.shard(0).deliver(mail("one"));
    await first.close();
    // An index without a spare page: the claim finds no space.
    const index = `${shardDirectory(dir, 0)}/index.mdb`;
    truncateSync(index, 12 * 4096);
    failing = true;
    const store = await openMailStore(diskOptions(dir, { clock, files }));
    const shard = store.shard(0);
    assertEquals(text(shard, 1), "one");
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk_full");
    clock.advance(100);
    assertEquals(await kindOf(() => shard.deliver(mail("two"))), "disk_full");
    failing = false;
    clock.advance(5_000);
    assertEquals(uids(await shard.deliver(mail("two"))), [2]);
    await store.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

Deno.test("on a device that is nearly full the open segment gives back its dead bytes too", () =>
  rig(async (rig) => {
    const { shard, clock } = rig;
    for (let i = 0; i < 10; i++) await shard.deliver(mail(`${i}`.repeat(1_000)));
    const before = rig.segmentBytes();
    await shard.expunge(ANNA, 1, [1, 2, 3, 4, 5, 6, 7, 8]);
    clock.advance(2_000);
    // The log grew by what was deleted.
    assert(rig.segmentBytes() >= before, "with room enough the open segment is left alone");
    rig.files = { freeBytes: () => 100_000 };
    await shard.expunge(ANNA, 1, [9]);
    clock.advance(2_000);
    assert(rig.segmentBytes() < before / 5, `${rig.segmentBytes()} of ${before} bytes are left`);
    assertEquals(text(shard, 10), "9".repeat(1_000));
    assertEquals(uids(await shard.deliver(mail("next"))), [11]);
  }, { segmentBytesMax: 1_000_000 }));

Deno.test("on a device that is nearly full the log of changes that add no mail is given back", () =>
  rig(async (rig) => {
    const { shard, clock } = rig;
    await shard.deliver(mail("kept"));
    rig.files = { freeBytes: () => 100_000 };
    for (let i = 0; i < 300; i++) await shard.storeFlags(ANNA, 1, [1], replacing(1 + i % 2));
    const before = rig.segmentBytes();
    clock.advance(10_000);
    assert(rig.segmentBytes() < before / 50, `${rig.segmentBytes()} of ${before} bytes are left`);
    assertEquals(text(shard, 1), "kept");
  }, { segmentBytesMax: 1_000_000 }));

Deno.test("segments are no larger than a small device bears, and never tiny", () => {
  const MB = 1024 * 1024;
  const sizes = [null, 1024 * 1024 * MB, 8 * 1024 * MB, 64 * MB].map((device) =>
    fittedLimits(DEFAULT_LIMITS, device).segmentBytesMax / MB
  );
  assertEquals(sizes, [128, 128, 32, 4]);
});
