/** Changes of flags that are acknowledged before they are flushed: `StoreLimits.unflushedOpsMax`. */
import { assert, assertEquals } from "@std/assert";
import { asFailure, FakeClock, type Random, seededRandom, utf8 } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, type ShardStore } from "../../src/storage/mod.ts";
import type { LoggedShard } from "../../src/storage/logged_shard.ts";
import { HEADER_KEY } from "../../src/storage/layout/keys.ts";
import { MODSEQ_JUMP } from "../../src/storage/mod_seq_jump.ts";
import { verifyShard } from "../../src/storage/verify.ts";
import { PowerLoss, SimDisk, SimIndex } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { account } from "./support.ts";

const ANNA = account("anna");
const BERT = account("bert");
const LIMITS = {
  ...DEFAULT_LIMITS,
  unflushedOpsMax: 50,
  segmentBytesMax: 3_000,
  aheadFromBytes: 200,
  unindexedMsMax: 1e9,
};

/** What was told of one mailbox. */
interface Told {
  /** Flags of each message after each acknowledged change, and the first of them that is surely on the disk. */
  readonly flags: number[][];
  surely: number;
  highest: number;
  /** A change that nobody was told of may have been made. */
  maybe: number[] | null;
}

function newTold(): Told {
  return { flags: [[]], surely: 0, highest: 1, maybe: null };
}

function deliver(shard: ShardStore, to: typeof ANNA, opId: string) {
  const targets = [{ account: to, quotaBytes: 0 }];
  return shard.deliver({ opId, targets, mailbox: 1, flags: 0, parts: [utf8(opId)], internalDateMs: 1 });
}

/** A delivery or a change of flags, and what is told of it. */
async function change(shard: LoggedShard, told: readonly Told[], random: Random, number: number): Promise<void> {
  const at = Math.floor(random.next() * 2);
  const [owner, mailbox] = [[ANNA, BERT][at]!, told[at]!];
  const last = mailbox.flags.at(-1)!;
  if (last.length === 0 || random.next() < 0.15) {
    mailbox.maybe = [...last, 0];
    await deliver(shard, owner, `op-${number}`);
    // Its flush took all along that was acknowledged before.
    for (const each of told) each.surely = each.flags.length - 1;
    mailbox.surely++;
  } else {
    const uid = 1 + Math.floor(random.next() * last.length);
    const flags = Math.floor(random.next() * 16);
    mailbox.maybe = last.with(uid - 1, flags);
    const store = { how: "replace", flags, keywords: [], unchangedSince: null } as const;
    await shard.storeFlags(owner, 1, [uid], store);
  }
  mailbox.flags.push(mailbox.maybe!);
  mailbox.maybe = null;
  mailbox.highest = shard.status(owner, 1).highestModSeq;
}

function flagsOf(shard: LoggedShard, owner: typeof ANNA): number[] {
  return shard.list(owner, 1, 0, 1_000).rows.map(({ flags }) => flags as number);
}

/** All that had to be there is, nothing is half done, and no MODSEQ comes again. */
async function check(shard: LoggedShard, told: readonly Told[]): Promise<void> {
  for await (const event of verifyShard(shard, {}, (run) => void setImmediate(run))) {
    assert(event.type === "progress", JSON.stringify(event));
  }
  for (const [i, { flags, surely, highest, maybe }] of told.entries()) {
    const owner = [ANNA, BERT][i]!;
    const now = flagsOf(shard, owner);
    const may = [...flags.slice(surely), ...(maybe === null ? [] : [maybe])];
    assert(may.some((each) => each.join() === now.join()), `${now} is none of ${may.join(" or ")}`);
    if (now.length === 0) continue;
    const store = { how: "replace", flags: 16, keywords: [], unchangedSince: null } as const;
    const { modSeq } = await shard.storeFlags(owner, 1, [1], store) as { modSeq: number };
    assert(modSeq > highest, `MODSEQ ${modSeq} is given again: ${highest} was told`);
    assert(modSeq < highest + 2 * MODSEQ_JUMP, `MODSEQ ${modSeq} is far beyond ${highest}`);
  }
}

Deno.test("when the power goes, flags lose what was not flushed and nothing else, and no MODSEQ is given twice", async () => {
  let lost = 0;
  for (let seed = 1; seed <= 120; seed++) {
    const random = seededRandom(seed);
    const disk = new SimDisk(random);
    const told = [newTold(), newTold()];
    const clock = new FakeClock();
    const shard = await openSimShard(disk, clock, LIMITS);
    const crashAt = disk.steps + 5 + Math.floor(random.next() * 150);
    disk.fault = (step) => step === crashAt ? "crash" : null;
    try {
      for (let number = 0; number < 400; number++) {
        await change(shard, told, random, number);
        if (random.next() < 0.05) clock.advance(LIMITS.unflushedMsMax);
      }
    } catch (error) {
      assert(asFailure(error)?.cause instanceof PowerLoss || error instanceof PowerLoss, `seed ${seed}: ${error}`);
    }
    disk.fault = () => null;
    disk.restart();
    const again = await openSimShard(disk, clock, LIMITS);
    for (const [i, { flags }] of told.entries()) {
      if (flagsOf(again, [ANNA, BERT][i]!).join() !== flags.at(-1)!.join()) lost++;
    }
    await check(again, told);
    await again.close();
  }
  assert(lost > 20, `only ${lost} times something was lost: that is no test`);
});

Deno.test("a process that is killed loses no acknowledged flag", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const disk = new SimDisk(random);
    const told = [newTold(), newTold()];
    const shard = await openSimShard(disk, new FakeClock(), LIMITS);
    for (let number = 0; number < 60; number++) await change(shard, told, random, number);
    disk.kill();
    const again = await openSimShard(disk, new FakeClock(), LIMITS);
    for (const [i, { flags }] of told.entries()) assertEquals(flagsOf(again, [ANNA, BERT][i]!), flags.at(-1));
    await again.close();
  }
});

/** Counts the flushes of what runs, on a disk of its own. */
async function counting(
  limits: Partial<typeof LIMITS>,
  run: (shard: LoggedShard, flushes: () => number, clock: FakeClock, disk: SimDisk) => Promise<void>,
): Promise<void> {
  const disk = new SimDisk(seededRandom(1));
  let count = 0;
  const clock = new FakeClock();
  const shard = await openSimShard(disk, clock, {
    ...LIMITS,
    segmentBytesMax: 1_000_000,
    aheadFromBytes: 1e9,
    ...limits,
  });
  await deliver(shard, ANNA, "first");
  disk.fault = (_step, name) => (name === "syncData" && count++, null);
  await run(shard, () => count, clock, disk);
}

const flag = (shard: ShardStore, flags: number) =>
  shard.storeFlags(ANNA, 1, [1], { how: "replace", flags, keywords: [], unchangedSince: null });

Deno.test("flags wait for no flush, which comes after its time, with the next message, or when there are many", () =>
  counting({ unflushedOpsMax: 10 }, async (shard, flushes, clock) => {
    for (let i = 1; i <= 5; i++) await flag(shard, i);
    assertEquals(flushes(), 0);
    clock.advance(LIMITS.unflushedMsMax);
    assertEquals(flushes(), 1);
    clock.advance(10 * LIMITS.unflushedMsMax);
    assertEquals(flushes(), 1, "nothing is left to be flushed");
    await flag(shard, 6);
    await deliver(shard, ANNA, "second");
    assertEquals(flushes(), 2);
    clock.advance(LIMITS.unflushedMsMax);
    assertEquals(flushes(), 2);
    await shard.expunge(ANNA, 1, [2]);
    assertEquals(flushes(), 3);
    for (let i = 1; i <= 11; i++) await flag(shard, i);
    assertEquals(flushes(), 4);
    await shard.close();
  }));

Deno.test("flags are flushed late again and again, each no later than its time, and never after the end", () =>
  counting({ unflushedOpsMax: 10 }, async (shard, flushes, clock) => {
    for (let round = 1; round <= 4; round++) {
      for (let i = 0; i < 3; i++) {
        await flag(shard, round * 3 + i);
        clock.advance(LIMITS.unflushedMsMax / 4);
      }
      assertEquals(flushes(), round - 1);
      clock.advance(LIMITS.unflushedMsMax / 4);
      assertEquals(flushes(), round, "the first has waited for so long");
    }
    await flag(shard, 1);
    await shard.close();
    const after = flushes();
    clock.advance(100 * LIMITS.unflushedMsMax);
    assertEquals(flushes(), after);
  }));

Deno.test("a message that comes in one group with flags is on the disk before it is acknowledged", () =>
  counting({ unflushedOpsMax: 10 }, async (shard, flushes) => {
    await Promise.all([flag(shard, 1), deliver(shard, ANNA, "second"), flag(shard, 2)]);
    assertEquals(flushes(), 1);
    await Promise.all([flag(shard, 3), shard.expunge(ANNA, 1, [2])]);
    assertEquals(flushes(), 2);
    await shard.close();
  }));

Deno.test("unless that is asked for, flags wait for their flush, too", () =>
  counting({ unflushedOpsMax: 0 }, async (shard, flushes) => {
    for (let i = 1; i <= 5; i++) await flag(shard, i);
    assertEquals(flushes(), 5);
    await shard.close();
  }));

Deno.test("the header says while it is open that flags may not be flushed", () =>
  counting({}, async (shard, _flushes, _clock, disk) => {
    const header = () => JSON.parse(new TextDecoder().decode(new SimIndex(disk).get(HEADER_KEY)));
    assertEquals([header().unflushed, header().schema], [true, 5]);
    await flag(shard, 1);
    const { highestModSeq } = shard.status(ANNA, 1);
    await shard.close();
    assertEquals([header().unflushed, header().schema], [undefined, 5]);
    const again = await openSimShard(disk, new FakeClock(), { ...LIMITS, unflushedOpsMax: 0 });
    assertEquals(again.status(ANNA, 1).highestModSeq, highestModSeq, "after a clean end nothing jumps");
    assertEquals([header().unflushed, header().schema], [undefined, 5]);
    await again.close();
  }));

for (const error of ["EIO", "ENOSPC"] as const) {
  Deno.test(`a flush that fails late with ${error} takes the disk for broken, and the flags are there when it works again`, () =>
    counting({}, async (shard, _flushes, clock, disk) => {
      await flag(shard, 5);
      disk.fault = (_step, name) => name === "syncData" ? (disk.fault = () => null, error) : null;
      clock.advance(LIMITS.unflushedMsMax);
      assert(shard.health() !== "ok");
      clock.advance(60_000);
      await flag(shard, 9);
      assertEquals(shard.health(), "ok");
      disk.restart();
      const again = await openSimShard(disk, new FakeClock(), { ...LIMITS, unflushedOpsMax: 0 });
      assert([[5], [9]].some((may) => may.join() === flagsOf(again, ANNA).join()));
      await again.close();
    }));
}

Deno.test("flags behind which a flush finds no space are not flushed again in hope: what is acknowledged later has them with it", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new SimDisk(seededRandom(seed));
    const clock = new FakeClock();
    const shard = await openSimShard(disk, clock, { ...LIMITS, segmentBytesMax: 1_000_000 });
    await deliver(shard, ANNA, "first");
    for (const flags of [1, 2, 5]) await flag(shard, flags);
    disk.fault = (_step, name) => name === "syncData" ? (disk.fault = () => null, "ENOSPC") : null;
    await deliver(shard, ANNA, "refused").then(() => assert(false), (error) => assert(asFailure(error) !== null));
    clock.advance(60_000);
    assertEquals(flagsOf(shard, ANNA), [5]);
    await deliver(shard, ANNA, "second");
    disk.restart();
    const again = await openSimShard(disk, new FakeClock(), LIMITS);
    const [first, second] = flagsOf(again, ANNA);
    assertEquals([first, second], [5, 0], `seed ${seed}`);
    await again.close();
  }
});
