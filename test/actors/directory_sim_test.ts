import { assertEquals } from "@std/assert";
import { directoryActor } from "../../src/actors/directory.ts";
import { routerActor, type RoutingHolder } from "../../src/actors/router.ts";
import { asFailure, Failure, seededRandom } from "../../src/base/mod.ts";
import type { DomainName } from "../../src/mail/mod.ts";
import type { DirectoryProtocol } from "../../src/messages/mod.ts";
import { seeds, simulate, type Simulation } from "../../src/runtime/mod.ts";
import { type DirectoryStore, MemoryDirectoryStore } from "../../src/storage/mod.ts";
import { QUICK_SCRAM } from "../support/quick_scram.ts";

const ADDRESS = { node: "local", worker: "directory", actor: "directory" };
const LISTENERS = ["listener-0", "listener-1"];
const USERS = Array.from({ length: 8 }, (_, i) => `u${i}`);

const HASHER = {
  ...QUICK_SCRAM,
  hash: (password: string) => Promise.resolve(password),
  verify: () => Promise.resolve(false),
  isOutdated: () => false,
};

/** A disk that now and then fails a commit: before it, or after it, when nobody knows any more. */
function shaky(store: MemoryDirectoryStore, fails: (point: string) => boolean): DirectoryStore {
  return {
    version: () => store.version(),
    get: (table, key) => store.get(table, key),
    all: (table) => store.all(table),
    page: (table, range) => store.page(table, range),
    commit(version, writes) {
      if (fails("disk.before")) throw new Failure("disk", "nothing was written");
      store.commit(version, writes);
      if (fails("disk.after")) throw new Failure("disk", "it was written, but the flush failed");
    },
    close: () => Promise.resolve(),
  };
}

interface World {
  readonly store: MemoryDirectoryStore;
  readonly holders: Map<string, RoutingHolder>;
  /** What the last answer about each user said; null when it is open or failed. */
  readonly known: Map<string, boolean | null>;
}

async function build(sim: Simulation): Promise<World> {
  const world: World = { store: new MemoryDirectoryStore(), holders: new Map(), known: new Map() };
  world.store.commit(1, [{
    table: "domain",
    key: "a.test",
    row: { name: "a.test", disabled: false, catchAll: null, aliasOf: null, detailSeparator: null, createdAt: "2026" },
  }]);
  await sim.worker("directory", async ({ system, fails }) => {
    const args = { store: shaky(world.store, fails), login: { checksMax: 1, waitingMax: 1 }, hasher: HASHER };
    await system.spawn(directoryActor, { name: "directory", args });
  });
  for (const name of LISTENERS) {
    await sim.worker(name, async ({ system }) => {
      const holder: RoutingHolder = { table: null };
      world.holders.set(name, holder);
      const directory = system.ref<DirectoryProtocol>(ADDRESS);
      await system.spawn(routerActor, { name: "router", args: { holder, directory } });
    });
  }
  await sim.worker("main");
  return world;
}

/** One random change; what was answered must be true from then on. */
async function change(sim: Simulation, world: World, random: () => number): Promise<void> {
  const directory = sim.system("main").ref<DirectoryProtocol>(ADDRESS);
  const user = USERS[Math.floor(random() * USERS.length)]!;
  const address = `${user}@a.test`;
  const present = random() < 0.5;
  world.known.set(user, null);
  try {
    if (present) await directory.ask("directory.accountAdd", { address, password: "x" });
    else await directory.ask("directory.accountRemove", { address });
    world.known.set(user, present);
  } catch (error) {
    const kind = asFailure(error)?.kind;
    if (kind === "exists") world.known.set(user, true);
    else if (kind === "not_found") world.known.set(user, false);
    else if (kind !== "disk" && kind !== "down" && kind !== "busy") throw error;
  }
}

async function session(sim: Simulation): Promise<void> {
  const world = await build(sim);
  const random = seededRandom(sim.seed);
  for (let round = 0; round < 30; round++) {
    let done = false;
    const changing = change(sim, world, () => random.next()).finally(() => done = true);
    const victim = random.next() < 0.25 ? ["directory", ...LISTENERS][Math.floor(random.next() * 3)]! : null;
    if (victim !== null) {
      await sim.run({ forMs: random.next() * 5 });
      sim.kill(victim);
      await sim.run({ forMs: random.next() * 100 });
      await sim.restart(victim);
    }
    await sim.run({ until: () => done });
    await changing;
  }
  sim.faults["disk.before"] = sim.faults["disk.after"] = 0;
  await sim.run({ forMs: 30_000 });
  const kept = new Set(world.store.all("account").map(({ address }) => address));
  for (const [user, present] of world.known) {
    if (present !== null) assertEquals(kept.has(`${user}@a.test`), present, `${user}: the answer holds`);
  }
  for (const [name, { table }] of world.holders) {
    assertEquals(table?.version, world.store.version(), `${name} has the last version`);
    for (const user of USERS) {
      const type = table?.resolve({ local: user, domain: "a.test" as DomainName, literal: null }).type;
      assertEquals(type === "local", kept.has(`${user}@a.test`), `${name} knows of ${user}`);
    }
  }
}

Deno.test("whatever dies or fails, an answered change holds and every routing replica ends up with it", () =>
  simulate({ seeds: seeds(1, 40), faults: { "disk.before": 0.05, "disk.after": 0.05 } }, session));
