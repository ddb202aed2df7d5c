import { assertEquals } from "@std/assert";
import { asFailure, seededRandom } from "../../src/base/mod.ts";
import type { MailboxChange, ShardStore } from "../../src/storage/mod.ts";
import { ACCOUNTS, picture, randomStep } from "./model_steps.ts";
import { openDisk, openMemory } from "./support.ts";

/** What a step answers, with failures by their kind and epochs counted from the first. */
async function answer(asked: Promise<unknown>, firstEpoch: number): Promise<unknown> {
  try {
    const told = await asked;
    if (typeof told !== "object" || told === null || !("uidValidity" in told)) return told;
    return { ...told, uidValidity: Number(told.uidValidity) - firstEpoch };
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failure.kind;
  }
}

/** A change that turns out to change nothing uses up a MODSEQ when others wait behind it in the group. */
function withoutModSeqs(value: unknown): unknown {
  const hide = (key: string, inner: unknown) => /modSeq|changes|modified/i.test(key) ? undefined : inner;
  return JSON.parse(JSON.stringify(value, hide));
}

/** Verifies all rows of the disk store. */
async function sound(verify: AsyncIterable<{ readonly type: string }>): Promise<void> {
  for await (const event of verify) assertEquals(event.type, "progress", JSON.stringify(event));
}

async function compare(seed: number, together: number): Promise<void> {
  const random = seededRandom(seed);
  const limits = {
    segmentBytesMax: 2_000,
    keywordsMax: 4,
    annotationsMax: 4,
    mailboxesMax: 11,
    formerNamesMax: 2,
    settingsBytesMax: 6_000,
    accountSettingsBytesMax: 9_000,
  };
  const [disk, memory] = [await openDisk(limits), await openMemory(limits)];
  const told: [string, number, MailboxChange][][] = [[], []];
  try {
    const shards = [disk.shard, memory.shard] as const;
    const epochs = shards.map((shard) => shard.status(ACCOUNTS[0]!, 1).uidValidity);
    shards.forEach((shard, i) => shard.onChange((...change) => told[i]!.push(change)));
    const plain = together === 1 ? (value: unknown) => value : withoutModSeqs;
    const pictures = () => assertEquals(plain(picture(shards[0], epochs[0]!)), plain(picture(shards[1], epochs[1]!)));
    for (let number = 0; number < 160;) {
      const steps = Array.from(
        { length: together },
        () => randomStep(seededRandom(Math.floor(random.next() * 2 ** 31)), number++, together === 1),
      );
      const answers = [];
      for (const [i, shard] of shards.entries()) {
        answers.push(await Promise.all(steps.map((step) => answer(step(shard), epochs[i]!))));
      }
      assertEquals(plain(answers[0]), plain(answers[1]));
      if (number % 14 === 0) pictures();
    }
    pictures();
    assertEquals(plain(told[0]), plain(told[1]));
    await sound(disk.store.verify());
  } finally {
    await disk.close();
    await memory.close();
  }
}

const SEEDS = Number(process.env["STORE_SEEDS"] ?? 20);

Deno.test("disk and memory store give the same answers and show the same mail, for many random histories", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await compare(seed, 1).catch((error) => {
      throw new Error(`seed ${seed} fails`, { cause: error });
    });
  }
});

Deno.test("the same when seven changes at a time form one group, MODSEQs aside", async () => {
  for (let seed = 1_001; seed <= 1_000 + SEEDS; seed++) {
    await compare(seed, 7).catch((error) => {
      throw new Error(`seed ${seed} fails`, { cause: error });
    });
  }
});

/** A history that cannot go wrong tells nothing: most kinds of answers come up. */
Deno.test("the random histories meet every kind of answer", async () => {
  const random = seededRandom(7);
  const memory = await openMemory({ keywordsMax: 4, mailboxesMax: 11 });
  const met = new Set<string>();
  const shard: ShardStore = memory.shard;
  for (let number = 0; number < 3_000; number++) {
    const told = await answer(randomStep(random, number, true)(shard), 0);
    met.add(typeof told === "object" && told !== null && "type" in told ? String(told.type) : String(told));
  }
  for (
    const kind of ["appended", "copied", "delivered", "done", "stored", "full", "missing", "exists", "cannot", "limit"]
  ) {
    assertEquals(met.has(kind), true, kind);
  }
  await memory.close();
});
