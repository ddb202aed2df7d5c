/** A device on which nothing finds space any more, not even what frees some, while mail keeps coming. */
import { assert, assertEquals } from "@std/assert";
import { FakeClock, seededRandom } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, type ShardStore } from "../../src/storage/mod.ts";
import { problems, texts } from "./log_support.ts";
import { SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA, kindOf, mail, uids } from "./support.ts";

/** Mails that are sent again as soon as they are refused: some clients know no pause. */
const TRIES = 60;
/** Mail that is refused until a change beside it is answered: in the group with it, and until that is written again without it. */
const REFUSED_MEANWHILE = 3;

/** Mail that comes again and again; answers what it was told, in order. */
async function storm(shard: ShardStore, told: string[]): Promise<void> {
  for (let i = 0; i < TRIES; i++) told.push(await kindOf(() => shard.deliver(mail(`again ${i}`))));
}

const WORK: readonly (readonly [name: string, change: (shard: ShardStore) => Promise<unknown>])[] = [
  ["an expunge", (shard) => shard.expunge(ANNA, 1, [1])],
  [
    "a change of flags",
    (shard) => shard.storeFlags(ANNA, 1, [1], { how: "add", flags: 1, keywords: [], unchangedSince: null }),
  ],
  ["a purge", (shard) => shard.purge(ANNA)],
];

for (const known of [true, false]) {
  for (const [name, change] of WORK) {
    Deno.test(`${name} is refused soon on a device ${known ? "known to be" : "that nobody knows to be"} full, however much mail comes; with space all goes on`, async () => {
      const disk = new SimDisk(seededRandom(3));
      const shard = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
      for (const body of ["one", "two"]) await shard.deliver(mail(body));
      disk.fault = (_step, what) => ["write", "reserve", "commit", "create"].includes(what) ? "ENOSPC" : null;
      if (known) disk.free = 0;
      const told: string[] = [];
      const { steps } = disk;
      const raging = storm(shard, told);
      const answer = await kindOf(() => change(shard));
      const meanwhile = told.length;
      assertEquals([answer, meanwhile <= REFUSED_MEANWHILE], ["disk_full", true], `${meanwhile} were refused before`);
      await raging;
      assertEquals(told, Array<string>(TRIES).fill("disk_full"));
      assert(disk.steps - steps < 12 * TRIES, `${disk.steps - steps} steps of the disk`);
      // With the space comes the rest.
      disk.fault = () => null;
      disk.free = 1e15;
      assertEquals(texts(shard), ["one", "two"]);
      assertEquals([uids(await shard.deliver(mail("three"))), shard.health()], [[3], "ok"]);
      assertEquals(await kindOf(() => change(shard)), "ok");
      const left = texts(shard);
      disk.restart();
      const again = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
      assertEquals([texts(again), await problems(again)], [left, []]);
      await again.close();
    });
  }
}

Deno.test("what frees space is done at once when it is mail beside it that found none", async () => {
  const disk = new SimDisk(seededRandom(3));
  const shard = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
  for (const body of ["one", "two"]) await shard.deliver(mail(body));
  let writes = 0;
  // Every other write is too much: the second try of what frees some finds its few bytes.
  disk.fault = (_step, what) => what === "write" && writes++ % 2 === 0 ? "ENOSPC" : null;
  const told: string[] = [];
  const raging = storm(shard, told);
  assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
  assert(told.length <= REFUSED_MEANWHILE, `${told.length}`);
  await raging;
  disk.fault = () => null;
  assertEquals(texts(shard)[0], "two");
  await shard.close();
});

Deno.test("while not even a cut finds space, what comes is refused without asking the disk, which is tried again after growing pauses", async () => {
  const disk = new SimDisk(seededRandom(3));
  const clock = new FakeClock();
  const shard = await openSimShard(disk, clock, DEFAULT_LIMITS);
  for (const body of ["one", "two"]) await shard.deliver(mail(body));
  disk.fault = () => "ENOSPC";
  const answers = new Set<string>();
  const { steps } = disk;
  for (let round = 0; round < 20; round++) {
    const told: string[] = [];
    await storm(shard, told);
    for (const kind of [...told, await kindOf(() => shard.expunge(ANNA, 1, [1]))]) answers.add(kind);
    clock.advance(1_000);
  }
  assertEquals([...answers].sort(), ["disk", "disk_full"], "all of them temporary");
  assert(disk.steps - steps < 60, `${disk.steps - steps} steps of the disk in 20 s`);
  assertEquals(texts(shard), ["one", "two"], "and it is read all the time");
  disk.fault = () => null;
  clock.advance(DEFAULT_LIMITS.retryMsMax);
  assertEquals((await shard.expunge(ANNA, 1, [1])).expunged, [1] as never);
  assertEquals([await kindOf(() => shard.deliver(mail("three"))), shard.health()], ["ok", "ok"]);
  disk.restart();
  const again = await openSimShard(disk, new FakeClock(), DEFAULT_LIMITS);
  assertEquals([texts(again), await problems(again)], [["two", "three"], []]);
  await again.close();
});
