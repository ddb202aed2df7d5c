import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { asFailure, Bug, FakeClock, type Random, seededRandom } from "../../src/base/mod.ts";
import type { LoggedShard } from "../../src/storage/logged_shard.ts";
import { DEFAULT_LIMITS } from "../../src/storage/mod.ts";
import { verifyShard } from "../../src/storage/verify.ts";
import { columnOf, COLUMNS, columnText, deliverIndexed, isKept } from "./columns_support.ts";
import { SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";
import { ANNA, text } from "./support.ts";

/** From each record in the index at once to all of a life in the log alone; segments are sealed and compacted. */
const LOGS = [{ unindexedRowsMax: 0 }, { unindexedRowsMax: 40 }, { unindexedMsMax: 1e9, segmentBytesMax: 1_000_000 }]
  .map((limits) => ({ ...DEFAULT_LIMITS, segmentBytesMax: 4_000, compactStepBytesMax: 1_000, ...limits }));

/** What the columns say is what the messages say that are there, whatever is kept; answers how many blocks are. */
async function check(shard: LoggedShard): Promise<number> {
  const { rows } = shard.list(ANNA, 1, 0, 10_000);
  const messages = rows.map(({ uid }) => Number(text(shard, uid).slice("body ".length)));
  for (const column of [0, 1]) {
    assertEquals(columnOf(shard, column), messages.map((message) => columnText(message, column)));
  }
  for await (const event of verifyShard(shard, {}, (run) => void setImmediate(run))) {
    assert(event.type === "progress", JSON.stringify(event));
  }
  return [1, 64, 128, 192, 256].filter((uid) => isKept(shard, uid)).length;
}

/** False when the disk or the power failed. */
async function tried(change: () => Promise<unknown>): Promise<boolean> {
  try {
    await change();
    return true;
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return false;
  }
}

async function round(shard: LoggedShard, random: Random, sent: number): Promise<number> {
  const luck = random.next();
  if (luck < 0.5) {
    const count = 1 + Math.floor(random.next() * 60);
    await tried(() => deliverIndexed(shard, sent, sent + count));
    return sent + count;
  }
  if (luck < 0.7) {
    const first = 1 + Math.floor(random.next() * sent);
    const uids = Array.from({ length: 1 + Math.floor(random.next() * 40) }, (_, i) => first + i);
    await tried(() => shard.expunge(ANNA, 1, uids));
  } else await tried(() => Promise.resolve(columnOf(shard, 0)));
  return sent;
}

/** Four lives of a shard, each ending with a loss of power or a kill; answers how many blocks were kept at their begins. */
async function lives(seed: number, fault: (random: Random) => "ENOSPC" | "EIO" | null): Promise<number> {
  const random = seededRandom(seed);
  const disk = new SimDisk(random);
  const clock = new FakeClock();
  let [sent, kept] = [0, 0];
  for (let life = 0; life < 5; life++) {
    disk.fault = () => null;
    const shard = await openSimShard(disk, clock, LOGS[Math.floor(random.next() * LOGS.length)]!, COLUMNS);
    kept += await check(shard);
    if (life === 4) {
      await shard.close();
      break;
    }
    const last = disk.steps + 10 + Math.floor(random.next() * 100);
    disk.fault = (step) => step >= last ? "crash" : fault(random);
    for (let i = 0; i < 40 && disk.steps < last; i++) {
      sent = await round(shard, random, sent);
      try {
        clock.advance(random.next() < 0.3 ? 6_000 : 600);
      } catch (error) {
        if (error instanceof Bug) throw error;
        break;
      }
    }
    if (random.next() < 0.3) disk.kill();
    else disk.restart();
  }
  return kept;
}

const SEEDS = Number(process.env["STORE_SEEDS"] ?? 30);

for (
  const [name, fault] of [
    ["after a loss of power at any step", () => null],
    ["on a disk that has no space now and then", (random: Random) => random.next() < 0.05 ? "ENOSPC" : null],
    ["on a disk that fails now and then", (random: Random) => random.next() < 0.03 ? "EIO" : null],
  ] as const
) {
  Deno.test(`${name}, columns say what the messages say that are there`, async () => {
    let kept = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        kept += await lives(seed, fault);
      } catch (error) {
        throw new Error(`seed ${seed} fails`, { cause: error });
      }
    }
    assert(kept > SEEDS, `${kept} blocks were kept over the end of a life`);
  });
}
