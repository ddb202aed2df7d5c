/** The index must never be ahead of what the log has made durable: a loss of power would leave it with rows of nothing. */
import { assert, assertEquals } from "@std/assert";
import { FakeClock, seededRandom } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, type StoreLimits } from "../../src/storage/mod.ts";
import type { LoggedShard } from "../../src/storage/logged_shard.ts";
import { adding, replacing } from "./account_inputs.ts";
import { COLUMNS, deliverIndexed } from "./columns_support.ts";
import { SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA } from "./support.ts";

/** Flags are acknowledged before they are flushed, and nothing but a checkpoint, or another kind of change, flushes them. */
const LIMITS: StoreLimits = { ...DEFAULT_LIMITS, unflushedOpsMax: 1_000, unflushedMsMax: 1e9 };

interface World {
  readonly shard: LoggedShard;
  readonly clock: FakeClock;
  /** What each commit of the index found, in order: writes of the log that were not flushed. */
  readonly commits: number[];
  /** A change of flags that is in the log, and not flushed. */
  flag(): Promise<void>;
}

async function onDisk(
  limits: Partial<StoreLimits>,
  run: (world: World) => Promise<void>,
  { lies = false } = {},
): Promise<number[]> {
  const disk = new SimDisk(seededRandom(1));
  const clock = new FakeClock();
  const commits: number[] = [];
  disk.fault = (_step, name) => {
    if (name === "commit") commits.push(disk.unflushedWrites);
    return null;
  };
  disk.lies = lies;
  const shard = await openSimShard(disk, clock, { ...LIMITS, ...limits }, COLUMNS);
  await deliverIndexed(shard, 0, 70);
  let flags = 0;
  const flag = async () => {
    await shard.storeFlags(ANNA, 1, [1], replacing(++flags % 16));
  };
  await run({ shard, clock, commits, flag });
  await shard.close();
  return commits;
}

const CASES: readonly [what: string, limits: Partial<StoreLimits>, run: (world: World) => Promise<void>][] = [
  ["its time comes", { unindexedMsMax: 3_000 }, async ({ clock, flag }) => {
    for (let round = 0; round < 3; round++) {
      await flag();
      clock.advance(3_000);
    }
  }],
  ["too many rows are owed to the index", { unindexedRowsMax: 2 }, async ({ flag, shard }) => {
    for (let i = 0; i < 20; i++) await flag();
    for (let uid = 2; uid < 30; uid++) {
      await flag();
      await shard.storeFlags(ANNA, 1, [uid], adding(1));
    }
  }],
  ["too many bytes are owed to the index", { unindexedBytesMax: 500 }, async ({ flag }) => {
    for (let i = 0; i < 20; i++) await flag();
  }],
  ["a segment is full", { segmentBytesMax: 2_000 }, async ({ flag }) => {
    for (let i = 0; i < 40; i++) await flag();
  }],
  ["columns are kept", { unindexedMsMax: 1e9 }, async ({ clock, flag }) => {
    await flag();
    for (let i = 0; i < 20; i++) clock.advance(500);
  }],
  ["the shard is closed", { unindexedMsMax: 1e9 }, async ({ flag }) => await flag()],
];

for (const [what, limits, run] of CASES) {
  Deno.test(`what the log was told and did not flush is flushed before the index says so, when ${what}`, async () => {
    let opened = 0;
    const commits = await onDisk(limits, async (world) => {
      opened = world.commits.length;
      await run(world);
    });
    assert(commits.length > opened, "the index was brought up to date");
    assertEquals(commits.filter((unflushed) => unflushed > 0), []);
    const found = await onDisk(limits, run, { lies: true });
    assert(found.at(-1)! > 0, "a flush that is none is noticed");
  });
}
