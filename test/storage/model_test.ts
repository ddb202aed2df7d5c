import { assertEquals } from "@std/assert";
import { asFailure, type Random, seededRandom, utf8 } from "../../src/base/mod.ts";
import type { MailboxChange, ShardStore } from "../../src/storage/mod.ts";
import { account, openDisk, openMemory } from "./support.ts";

const ACCOUNTS = ["anna", "ann", "bert"].map(account);
const MAILBOXES = [1, 2, 0xffff_ffff];

/** One change, the same for both stores. */
type Step = (shard: ShardStore) => Promise<unknown>;

function randomStep(random: Random, number: number): Step {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
  const below = (limit: number) => Math.floor(random.next() * limit);
  const [owner, mailbox] = [pick(ACCOUNTS), pick(MAILBOXES)];
  const uids = Array.from({ length: below(8) }, () => below(100) + 1);
  const luck = random.next();
  if (luck < 0.55) {
    const opId = `op-${random.next() < 0.9 ? number : below(number + 1)}`;
    const quotaBytes = random.next() < 0.5 ? 0 : 1 + below(3_000);
    const targets = Array.from({ length: 1 + below(3) }, () => ({ account: pick(ACCOUNTS), quotaBytes }));
    const parts = [utf8(`${opId} `), utf8("x".repeat(below(60)))];
    const flags = below(32);
    return (shard) => shard.deliver({ opId, targets, mailbox, flags, parts, internalDateMs: number });
  }
  if (luck < 0.7) return (shard) => shard.expunge(owner, mailbox, uids);
  if (luck < 0.9) {
    const change = { add: below(32), remove: below(32) };
    return (shard) => shard.setFlags(owner, mailbox, uids, change);
  }
  const taken = `op-${below(number + 1)}`;
  if (luck < 0.96) return (shard) => shard.withdraw(taken);
  return (shard) => shard.purge(owner);
}

/** What a step answers, with failures by their kind. */
async function answer(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    const failure = asFailure(error);
    if (failure === null) throw error;
    return failure.kind;
  }
}

/** Everything a store shows; epochs counted from the first, since they begin with the clock. */
function picture(shard: ShardStore, firstEpoch: number): unknown {
  return ACCOUNTS.map((owner) => [
    shard.usage(owner),
    MAILBOXES.map((mailbox) => {
      const { rows } = shard.list(owner, mailbox, 0, 10_000);
      const bodies = rows.map(({ uid }) => [...shard.fetch(owner, mailbox, { uid, offset: 0, length: 1e6 }).bytes]);
      const status = shard.status(owner, mailbox);
      const changes = [1, 5, 20].map((since) => shard.changes(owner, mailbox, since));
      return { status: { ...status, uidValidity: status.uidValidity - firstEpoch }, rows, bodies, changes };
    }),
  ]);
}

/** A change that turns out to change nothing uses up a MODSEQ when others wait behind it in the group. */
function withoutModSeqs(value: unknown): unknown {
  const hide = (key: string, inner: unknown) => /modSeq|changes/i.test(key) ? undefined : inner;
  return JSON.parse(JSON.stringify(value, hide));
}

async function compare(seed: number, together: number): Promise<void> {
  const random = seededRandom(seed);
  const [disk, memory] = [await openDisk({ segmentBytesMax: 2_000 }), await openMemory()];
  const told: MailboxChange[][] = [[], []];
  try {
    const shards = [disk.shard, memory.shard] as const;
    const epochs = shards.map((shard) => shard.status(ACCOUNTS[0]!, 1).uidValidity);
    shards.forEach((shard, i) => shard.onChange((_account, _mailbox, change) => told[i]!.push(change)));
    for (let number = 0; number < 120;) {
      const steps = Array.from(
        { length: together },
        () => randomStep(seededRandom(Math.floor(random.next() * 2 ** 31)), number++),
      );
      const answers = [];
      for (const shard of shards) answers.push(await Promise.all(steps.map((step) => answer(step(shard)))));
      const plain = together === 1 ? (value: unknown) => value : withoutModSeqs;
      assertEquals(plain(answers[0]), plain(answers[1]));
      if (number % 14 === 0) assertEquals(plain(picture(shards[0], epochs[0]!)), plain(picture(shards[1], epochs[1]!)));
    }
    assertEquals(told[0]!.length, told[1]!.length);
  } finally {
    await disk.close();
    await memory.close();
  }
}

Deno.test("disk and memory store give the same answers and show the same mail, for 25 random histories", async () => {
  for (let seed = 1; seed <= 25; seed++) {
    await compare(seed, 1).catch((error) => {
      throw new Error(`seed ${seed} fails`, { cause: error });
    });
  }
});

Deno.test("the same when seven changes at a time form one group, MODSEQs aside", async () => {
  for (let seed = 101; seed <= 125; seed++) {
    await compare(seed, 7).catch((error) => {
      throw new Error(`seed ${seed} fails`, { cause: error });
    });
  }
});
