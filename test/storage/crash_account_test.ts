/** After a crash at any step the shard is as if each change had been made whole or not at all. */
import { assert } from "@std/assert";
import { asFailure, Bug, FakeClock, type Random, seededRandom } from "../../src/base/mod.ts";
import { createMemoryStore, DEFAULT_LIMITS, type ShardStore } from "../../src/storage/mod.ts";
import type { LoggedShard } from "../../src/storage/logged_shard.ts";
import { verifyShard } from "../../src/storage/verify.ts";
import { ACCOUNTS, picture, randomStep, type Step } from "./model_steps.ts";
import { PowerLoss, SimDisk } from "./sim_disk.ts";
import { openSimShard } from "./sim_shard.ts";

const LIMITS = {
  ...DEFAULT_LIMITS,
  segmentBytesMax: 900,
  aheadFromBytes: 100,
  compactStepBytesMax: 300,
  keywordsMax: 4,
  annotationsMax: 4,
  accountSettingsBytesMax: 12_000,
  mailboxesMax: 11,
  formerNamesMax: 2,
};
/** From each record in the index at once to all of a life in the log alone. */
const LOGS = [
  {},
  { unindexedRowsMax: 0 },
  { unindexedRowsMax: 12, segmentBytesMax: 4_000 },
  { unindexedBytesMax: 400, segmentBytesMax: 4_000, unindexedMsMax: 100 },
  { segmentBytesMax: 1_000_000, aheadFromBytes: 1e9, unindexedMsMax: 1e9 },
];

/** What may have been made of the shard: the changes so far, and a store in memory that made them. */
interface History {
  readonly steps: readonly Step[];
  readonly store: ShardStore;
  readonly epoch: number;
}

async function replay(steps: readonly Step[]): Promise<History> {
  const store = createMemoryStore({ limits: LIMITS }).shard(0);
  const epoch = store.status(ACCOUNTS[0]!, 1).uidValidity;
  for (const step of steps) await step(store).catch((error) => assert(asFailure(error) !== null, String(error)));
  return { steps, store, epoch };
}

/** An answer, or the kind of Failure, in a form that compares. */
async function told(
  asked: Promise<unknown>,
  epoch: number,
): Promise<{ told: string; unknown: boolean; lost: boolean }> {
  try {
    const value = await asked;
    const hide = (key: string, inner: unknown) => key === "uidValidity" ? Number(inner) - epoch : inner;
    return { told: JSON.stringify(value, hide) ?? "", unknown: false, lost: false };
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    const unknown = ["disk", "disk_full", "busy"].includes(failure.kind);
    return { told: failure.kind, unknown, lost: failure.cause instanceof PowerLoss };
  }
}

/** Histories that show what the shard shows; there must be one. */
async function matching(shard: LoggedShard, epoch: number, histories: readonly History[]): Promise<History[]> {
  for await (const event of verifyShard(shard, {}, (run) => void setImmediate(run))) {
    assert(event.type === "progress", JSON.stringify(event));
  }
  return alike(shard, epoch, histories);
}

function alike(shard: LoggedShard, epoch: number, histories: readonly History[]): History[] {
  const shown = JSON.stringify(picture(shard, epoch));
  const left = histories.filter(({ store, epoch }) => JSON.stringify(picture(store, epoch)) === shown);
  assert(left.length > 0, `the shard shows what none of ${histories.length} histories shows`);
  return left;
}

type Faults = (random: Random) => "ENOSPC" | "EIO" | null;

/** Three lives of a shard, each ending with a loss of power. Answers how many changes were acknowledged. */
async function lives(seed: number, fault: Faults, { lies = false, kills = false } = {}): Promise<number> {
  const random = seededRandom(seed);
  const disk = new SimDisk(random);
  disk.lies = lies;
  let histories = [await replay([])];
  let epoch: number | null = null;
  let number = 0;
  let acked = 0;
  for (let life = 0; life < 4; life++) {
    const clock = new FakeClock();
    disk.fault = () => null;
    const log = LOGS[Math.floor(random.next() * LOGS.length)]!;
    const shard = await openSimShard(disk, clock, { ...LIMITS, ...log });
    epoch ??= shard.status(ACCOUNTS[0]!, 1).uidValidity;
    histories = await matching(shard, epoch, histories);
    if (life === 3) {
      await shard.close();
      break;
    }
    const last = disk.steps + 1 + Math.floor(random.next() * 70);
    disk.fault = (step) => step >= last ? "crash" : fault(random);
    for (let round = 0; round < 80; round++) {
      const step = randomStep(seededRandom(Math.floor(random.next() * 2 ** 31)), number++, true);
      const answer = await told(step(shard), epoch);
      histories = await after(histories, step, answer);
      // A change that is durable settles what was open before it. The power may go after the answer, as segments are compacted.
      if (!answer.unknown && histories.length > 1 && !disk.isDown) histories = alike(shard, epoch, histories);
      if (answer.lost || !await pass(clock, random)) break;
      if (!answer.unknown) acked++;
    }
    // Killed, it leaves more than the disk has; the power may go later, before or after that was found.
    if (kills && random.next() < 0.6) disk.kill();
    else disk.restart();
  }
  return acked;
}

/** The histories that go on with a change which ended like this. */
async function after(
  histories: readonly History[],
  step: Step,
  answer: { told: string; unknown: boolean },
): Promise<History[]> {
  const next: History[] = [];
  for (const history of histories) {
    if (answer.unknown) next.push(history, ...await possible(history, step));
    else {
      const same = (await told(step(history.store), history.epoch)).told === answer.told;
      if (same) next.push({ ...history, steps: [...history.steps, step] });
    }
  }
  assert(next.length > 0, `no history answers ${answer.told}`);
  return next;
}

/** The history that goes on with a change; none when it is of those that change nothing. */
async function possible(history: History, step: Step): Promise<History[]> {
  const next = await replay(history.steps);
  const answer = await told(step(next.store), next.epoch);
  if (/"type":"(missing|exists|cannot|limit|full|gone)"/.test(answer.told)) return [];
  return [{ ...next, steps: [...history.steps, step] }];
}

/** Lets time go on: sweeping and compaction run from the clock. False when the power went meanwhile. */
async function pass(clock: FakeClock, random: Random): Promise<boolean> {
  try {
    clock.advance(random.next() < 0.3 ? 6_000 : 60);
    for (let turn = 0; turn < 6; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
    return true;
  } catch (error) {
    if (error instanceof Bug) throw error;
    return false;
  }
}

const SEEDS = Number(process.env["STORE_SEEDS"] ?? 25);

async function matrix(name: string, fault: Faults, kills = false): Promise<void> {
  let acked = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      acked += await lives(seed, fault, { kills });
    } catch (error) {
      throw new Error(`${name}: seed ${seed} fails`, { cause: error });
    }
  }
  assert(acked > 10 * SEEDS, `the script makes changes: ${acked}`);
}

Deno.test("after a loss of power at any step, each change of names, copies, flags and mail is whole or not there", async () => {
  await matrix("power", () => null);
});

Deno.test("each change is whole or not there on a disk where one step in fifty fails for want of space", async () => {
  await matrix("full", (random) => random.next() < 0.02 ? "ENOSPC" : null);
});

Deno.test("each change is whole or not there on a disk where one step in fifty fails with an I/O error", async () => {
  await matrix("EIO", (random) => random.next() < 0.02 ? "EIO" : null);
});

Deno.test("each change is whole or not there when the process is killed now and the power goes later, on a disk that fails now and then", async () => {
  await matrix("kills", (random) => random.next() < 0.01 ? "EIO" : null, true);
});

Deno.test("canary: on a disk that only says it flushes, changes get lost and these tests see it", async () => {
  let seen = 0;
  for (let seed = 1; seed <= 8; seed++) await lives(seed, () => null, { lies: true }).catch(() => seen++);
  assert(seen > 4, `${seen} of 8 seeds showed it`);
});
