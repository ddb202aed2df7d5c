import { assert, assertEquals } from "@std/assert";
import { type Random, seededRandom } from "../../src/base/mod.ts";
import { seeds, simulate, type Simulation } from "../../src/runtime/mod.ts";
import type { PlantedBug } from "./sim_disk.ts";
import { LISTENERS, MAILBOXES, WORKERS, World } from "./world.ts";

const SENDERS = 8;
const READERS = 4;
/** Span in which clients come and faults happen, in ms. */
const BUSY_MS = 600;
/** Time after which every client must have its answer: what a client of RFC 5321 §4.5.3.2.6 waits, in ms. */
const PATIENCE_MS = 600_000;
/** Time for what nobody waits for: withdrawals. */
const REST_MS = 900_000;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random.next() * list.length)]!;
}

/** What goes wrong, each for a while drawn from the seed. */
const MISFORTUNES: readonly ((world: World, random: Random, forMs: number) => Promise<void>)[] = [
  (world, random, forMs) => lose(world, pick(random, WORKERS), forMs),
  (world, random, forMs) => lose(world, pick(random, MAILBOXES), forMs),
  // Longer than a listener tries to deliver.
  (world, random, forMs) => lose(world, pick(random, MAILBOXES), forMs * 500),
  async (world, random, forMs) => {
    const name = pick(random, LISTENERS);
    await world.drain(name, forMs);
    await world.restart(name);
  },
  (world, _random, forMs) => fault(world, "disk.flush", 1, forMs),
  (world, _random, forMs) => fault(world, "disk.full", 1, forMs),
  (world, _random, forMs) => fault(world, "disk.flush", 0.3, forMs * 2),
  async (world, random, forMs) => {
    const account = Math.floor(random.next() * 1_000);
    world.disable(account, true);
    await world.sim.run({ forMs });
    world.disable(account, false);
  },
];

async function lose(world: World, name: string, forMs: number): Promise<void> {
  world.kill(name);
  await world.sim.run({ forMs });
  await world.restart(name);
}

async function fault(world: World, point: string, chance: number, forMs: number): Promise<void> {
  world.sim.faults[point] = chance;
  await world.sim.run({ forMs });
  world.sim.faults[point] = 0;
}

async function misfortunes(world: World, random: Random): Promise<void> {
  for (let i = Math.floor(random.next() * 6); i > 0; i--) {
    await world.sim.run({ forMs: random.next() * BUSY_MS / 4 });
    await pick(random, MISFORTUNES)(world, random, random.next() * 200);
  }
}

/** A busy time with misfortunes; then everything must come to rest as promised. */
async function session(sim: Simulation, bug: PlantedBug | null = null): Promise<World> {
  const random = seededRandom(sim.seed + 1_000_000);
  const world = await World.start(sim, bug);
  const client = (kind: "sender" | "reader", i: number) =>
    world.client(kind, random.next() * BUSY_MS, seededRandom(sim.seed * 1_000 + i));
  for (let i = 0; i < SENDERS; i++) client("sender", i);
  for (let i = 0; i < READERS; i++) client("reader", SENDERS + i);
  await misfortunes(world, random);
  await sim.run({ until: () => world.busy.size === 0, forMs: PATIENCE_MS });
  assertEquals([...world.busy], [], "a client never got its answer");
  await sim.run({ forMs: REST_MS });
  world.ledger.settle();
  assertEquals(world.ledger.violations, []);
  return world;
}

Deno.test("whatever breaks: 250 means exactly one copy for each recipient, byte for byte, and a refusal none", async () => {
  const total = { unknown: 0, accepted: 0, refused: 0, copies: 0, removed: 0 };
  await simulate({ seeds: seeds(1, 210) }, async (sim) => {
    const counts = (await session(sim)).ledger.counts();
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
  });
  assert(total.accepted > 1_000, "too few mails were accepted for this to say much");
  assert(total.refused > 100 && total.unknown > 50 && total.removed > 100, JSON.stringify(total));
});

/** Defects of a disk and what they break. */
const BUGS: Readonly<Record<PlantedBug, string>> = {
  "acknowledges before it is durable": "was answered 250 and never reached",
  "forgets what it has stored for whom": "twice",
  "does not take back": "was refused and is in",
  "changes a byte": "was not read as it was stored",
};

for (const [bug, found] of Object.entries(BUGS) as [PlantedBug, string][]) {
  Deno.test(`a planted disk that ${bug} is found`, async () => {
    for (const seed of seeds(1, 100)) {
      const run = simulate({ seeds: [seed], print: () => {} }, async (sim) => void await session(sim, bug));
      const finding = await run.then(() => "", (error: Error) => error.message);
      if (finding.includes(found)) return;
    }
    throw new Error(`100 seeds did not show that ${found}`);
  });
}

Deno.test("the same seed runs the same way", async () => {
  const runs: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    await simulate({ seeds: [17] }, async (sim) => {
      const { ledger } = await session(sim);
      runs.push({ counts: ledger.counts(), at: sim.clock.monotonicMs(), next: sim.random.next() });
    });
  }
  assertEquals(runs[0], runs[1]);
});
