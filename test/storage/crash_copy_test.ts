/** Flags that may not go with a copy are not seen where it comes to, wherever a crash cuts off what was being written. */
import { assert, assertEquals, AssertionError, assertThrows } from "@std/assert";
import { readFileSync, truncateSync } from "node:fs";
import { FakeClock, seededRandom } from "../../src/base/mod.ts";
import { Flag } from "../../src/mail/flag.ts";
import { DEFAULT_LIMITS, type ShardStore } from "../../src/storage/mod.ts";
import { append, copy, message, rows } from "./account_inputs.ts";
import { crashed, inDirectory, open, problems, segmentOf } from "./log_support.ts";
import { PowerLoss, SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA, BERT } from "./support.ts";

const HAS = { flags: Flag.seen | Flag.flagged | Flag.deleted, keywords: ["mine"] };
const SHARED = { to: { account: BERT, mailbox: 1 }, within: { flags: Flag.seen, keywords: false } };

/** Two messages in anna's INBOX, with all sorts of flags. */
function fill(shard: ShardStore) {
  return shard.append(append(1, [message("one", HAS), message("two", HAS)]));
}

/** How many of the two messages are where they were, and where they went: all have the flags that they may have there. */
function shown(shard: ShardStore): string {
  const [left, came] = [rows(shard, 1), rows(shard, 1, BERT)];
  for (const { flags, keywords } of left) assertEquals([flags, [...keywords]], [HAS.flags, HAS.keywords]);
  for (const { flags, keywords } of came) assertEquals([flags, [...keywords]], [Flag.seen, []]);
  const { unseen, deleted } = shard.status(BERT, 1);
  assertEquals([unseen, deleted, shard.keywords(BERT, 1)], [0, 0, []]);
  return `${left.length}/${came.length}`;
}

for (const move of [false, true]) {
  const after = move ? "0/2" : "2/2";

  Deno.test(`wherever the log of a ${move ? "move" : "copy"} is cut, no flag is seen that may not go with it`, () =>
    inDirectory(async (dir) => {
      const { shard } = await open(dir);
      await fill(shard);
      const before = readFileSync(segmentOf(dir)).length;
      await shard.copy(copy(1, 1, [1, 2], { ...SHARED, move }));
      const end = readFileSync(segmentOf(dir)).length;
      assert(end > before);
      for (let length = before; length <= end; length++) {
        const left = crashed(dir);
        truncateSync(segmentOf(left), length);
        const again = await open(left);
        assertEquals(shown(again.shard), length < end ? "2/0" : after, `${length - before} of ${end - before} bytes`);
        assertEquals(await problems(again.shard), []);
        await again.shard.close();
      }
      await shard.close();
    }));

  Deno.test(`at whatever step of the disk a ${move ? "move" : "copy"} loses its power, no flag is seen that may not go with it`, async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const disk = new SimDisk(random);
      // Some go to the log alone, others to the index at once.
      const limits = { ...DEFAULT_LIMITS, ...(seed % 2 === 0 ? {} : { unindexedRowsMax: 0 }) };
      const shard = await openSimShard(disk, new FakeClock(), limits);
      await fill(shard);
      const last = disk.steps + 1 + Math.floor(random.next() * 6);
      disk.fault = (step) => step >= last ? "crash" : null;
      const lost = await shard.copy(copy(1, 1, [1, 2], { ...SHARED, move })).then(() => false, ({ cause }) => {
        assert(cause instanceof PowerLoss);
        return true;
      });
      disk.fault = () => null;
      disk.restart();
      const again = await openSimShard(disk, new FakeClock(), limits);
      const now = shown(again);
      assert(now === after || (lost && now === "2/0"), `seed ${seed}: ${now}`);
      seen.add(`${lost} ${now}`);
      await again.close();
    }
    assertEquals([...seen].sort(), [`false ${after}`, "true 2/0", `true ${after}`].sort());
  });
}

Deno.test("canary: flags that are taken off in a second change are seen by these tests", () =>
  inDirectory(async (dir) => {
    const { shard } = await open(dir);
    await fill(shard);
    await shard.copy(copy(1, 1, [1, 2], { to: SHARED.to }));
    const length = readFileSync(segmentOf(dir)).length;
    await shard.storeFlags(BERT, 1, [1, 2], {
      ...{ how: "remove", flags: Flag.flagged | Flag.deleted, keywords: ["mine"], unchangedSince: null },
    });
    assertEquals([rows(shard, 1, ANNA).length, shown(shard)], [2, "2/2"]);
    const left = crashed(dir);
    truncateSync(segmentOf(left), length);
    const again = await open(left);
    assertEquals(rows(again.shard, 1, BERT).map(({ flags }) => flags), [HAS.flags, HAS.flags]);
    assertThrows(() => shown(again.shard), AssertionError);
    await again.shard.close();
    await shard.close();
  }));
