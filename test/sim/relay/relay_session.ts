import { assertEquals } from "@std/assert";
import { type Random, seededRandom } from "../../../src/base/mod.ts";
import type { QueueProtocol, QueueVerb } from "../../../src/messages/mod.ts";
import type { Simulation } from "../../../src/runtime/mod.ts";
import { LISTENERS, MAILBOXES, World, type WorldOptions } from "../world.ts";
import { FOREIGN } from "./outside.ts";
import { RELAYS } from "./relay.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Clients that send, and the span in which they come. */
const CLIENTS = 8;
const BUSY_MS = 2 * HOUR;
/** Part of the clients, and of the misfortunes, that come at once: then they meet. */
const RUSH_CHANCE = 0.6;
const RUSH_MS = 400;
/** Time in which misfortunes happen; later ones find little that is not at rest. */
const TROUBLE_MS = 30 * HOUR;
/** Time after which nothing may wait any more: mail is kept five days, and a report of it as long. */
const REST_MS = 11 * 24 * HOUR;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random.next() * list.length)]!;
}

type Misfortune = (world: World, random: Random) => Promise<void>;

/** From moments to minutes, the short ones most of the time. */
function aWhile(random: Random): number {
  return 10 * MINUTE * random.next() ** 6;
}

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

/** An operator at work; whether anybody hears him is another question. */
function operate<K extends "queue.act" | "queue.suspend" | "queue.resume">(
  world: World,
  type: K,
  request: QueueProtocol[K]["request"],
): void {
  world.relay!.queue("main").ask(type, request).catch(() => {});
}

/** Held by an operator, mail waits for him: he releases it, as often as it takes to be heard. */
async function releaseAll(world: World): Promise<void> {
  for (let heard = false; !heard;) {
    let over = false;
    world.relay!.queue("main").ask("queue.act", { verb: "release", filter: { all: true }, dryRun: false })
      .then(() => heard = true, () => {}).finally(() => over = true);
    await world.sim.run({ until: () => over });
    await world.sim.run({ forMs: 1_000 });
  }
}

const MISFORTUNES: readonly Misfortune[] = [
  (world, random) => lose(world, pick(random, RELAYS), aWhile(random)),
  (world, random) => lose(world, "queue", aWhile(random)),
  (world, random) => lose(world, "queue", random.next() * 20),
  (world, random) => lose(world, pick(random, MAILBOXES), aWhile(random)),
  (world, random) => lose(world, pick(random, LISTENERS), random.next() * 200),
  (world, random) => fault(world, "queue.flush", 1, aWhile(random)),
  (world, random) => fault(world, "queue.flush", 0.3, aWhile(random)),
  (world, random) => fault(world, "queue.full", 1, aWhile(random)),
  async (world, random) => {
    const domain = pick(random, FOREIGN);
    operate(world, "queue.suspend", { domain, forSeconds: Math.floor(random.next() * 7_200) });
    await world.sim.run({ forMs: random.next() * HOUR });
    if (random.next() < 0.5) operate(world, "queue.resume", { domain });
  },
  async (world, random) => {
    world.relay!.crash();
    await world.sim.run({ forMs: random.next() * 100 });
  },
  async (world, random) => {
    const filter = { domain: pick(random, FOREIGN) };
    operate(world, "queue.act", { verb: pick<QueueVerb>(random, ["retry", "hold", "bounce"]), filter, dryRun: false });
    await world.sim.run({ forMs: aWhile(random) });
  },
];

/** Mail comes for a while, things go wrong for a day and a half; after eleven days everything has come to its end. */
export async function relaySession(
  sim: Simulation,
  { mode, bug }: NonNullable<WorldOptions["relay"]>,
): Promise<World> {
  const random = seededRandom(sim.seed + 3_000_000);
  const world = await World.start(sim, { relay: { mode, bug } });
  for (let i = 0; i < CLIENTS; i++) {
    const afterMs = random.next() < RUSH_CHANCE ? random.next() * RUSH_MS : random.next() ** 3 * BUSY_MS;
    world.client("relayer", afterMs, seededRandom(Math.floor(random.next() * 2 ** 32)));
  }
  for (let i = 2 + Math.floor(random.next() * 8); i > 0; i--) {
    const pauseMs = random.next() < RUSH_CHANCE ? random.next() * RUSH_MS / 4 : random.next() ** 4 * TROUBLE_MS / 4;
    await sim.run({ forMs: pauseMs });
    await pick(random, MISFORTUNES)(world, random);
  }
  await sim.run({ until: () => world.busy.size === 0, forMs: BUSY_MS + HOUR });
  assertEquals([...world.busy], [], "a client never got its answer");
  await releaseAll(world);
  await sim.run({ until: () => world.relay!.left === 0, forMs: REST_MS });
  const { ledger } = world.relay!;
  if (world.relay!.left > 0) ledger.violations.push(`${world.relay!.left} items wait for ever`);
  await sim.run({ forMs: 10_000 });
  world.ledger.settle();
  ledger.settle();
  assertEquals([...world.ledger.violations, ...ledger.violations], []);
  return world;
}
