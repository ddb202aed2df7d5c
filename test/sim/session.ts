import { assertEquals } from "@std/assert";
import { type Random, seededRandom } from "../../src/base/mod.ts";
import type { Simulation } from "../../src/runtime/mod.ts";
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
/** After which a domain that nobody asks for anything falls asleep, in ms. */
const IDLE_MS = 300_000;
/** Part of the sessions that wait for that and go on. */
const SLEEP_CHANCE = 0.1;

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

/** Loses mailbox workers for moments; no listener and no disk fails. */
export async function lostMailboxes(world: World, random: Random): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await world.sim.run({ forMs: random.next() * BUSY_MS / 4 });
    await lose(world, pick(random, MAILBOXES), random.next() * 200);
  }
}

async function misfortunes(world: World, random: Random): Promise<void> {
  for (let i = Math.floor(random.next() * 6); i > 0; i--) {
    await world.sim.run({ forMs: random.next() * BUSY_MS / 4 });
    await pick(random, MISFORTUNES)(world, random, random.next() * 200);
  }
}

/** Clients come for a while, and things go wrong; then every client must get its answer. */
async function wave(world: World, random: Random, happens: typeof misfortunes): Promise<void> {
  const client = (kind: "sender" | "reader") =>
    world.client(kind, random.next() * BUSY_MS, seededRandom(Math.floor(random.next() * 2 ** 32)));
  for (let i = 0; i < SENDERS; i++) client("sender");
  for (let i = 0; i < READERS; i++) client("reader");
  await happens(world, random);
  await world.sim.run({ until: () => world.busy.size === 0, forMs: PATIENCE_MS });
  assertEquals([...world.busy], [], "a client never got its answer");
}

/** Busy times with misfortunes, some of them just when domains fall asleep; at the end everything is as promised. */
export async function session(
  sim: Simulation,
  { bug = null, happens = misfortunes }: { bug?: PlantedBug | null; happens?: typeof misfortunes } = {},
): Promise<World> {
  const random = seededRandom(sim.seed + 1_000_000);
  const world = await World.start(sim, { bug });
  await wave(world, random, happens);
  if (random.next() < SLEEP_CHANCE) {
    await sim.run({ forMs: IDLE_MS - random.next() * 2 * BUSY_MS });
    await wave(world, random, happens);
  }
  await sim.run({ forMs: REST_MS });
  await world.nothingIsLeft(random);
  world.ledger.settle();
  assertEquals(world.ledger.violations, []);
  return world;
}
