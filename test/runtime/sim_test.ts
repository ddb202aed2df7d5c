import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../../src/base/mod.ts";
import { type ActorAddress, defineActor, seeds, simulate, Simulation } from "../../src/runtime/mod.ts";

interface StoreProtocol {
  "store.put": { request: { key: string; bytes: Uint8Array }; reply: { count: number } };
  "store.count": { request: null; reply: { count: number } };
}

/** Answers only at the end of the turn, after a "flush" that may fail: the shape of a mailbox. */
function store(disk: Set<string>, fails: (point: string) => boolean) {
  return defineActor<StoreProtocol, { waiting: { key: string; done: (flushed: boolean) => void }[] }>({
    restart: "permanent",
    inboxMax: 100,
    init: () => ({ waiting: [] }),
    receive: {
      "store.put": ({ waiting }, { key }, reply) => {
        const done = (flushed: boolean) =>
          flushed ? reply.ok({ count: disk.size }) : reply.fail(new Failure("disk", "flush failed"));
        waiting.push({ key, done });
      },
      "store.count": (_state, _request, reply) => reply.ok({ count: disk.size }),
    },
    drained: ({ waiting }) => {
      if (waiting.length === 0) return;
      const flushed = !fails("disk.flush");
      for (const { key, done } of waiting.splice(0)) {
        if (flushed) disk.add(key);
        done(flushed);
      }
    },
  });
}

const STORE: ActorAddress = { node: "local", worker: "mailbox", actor: "store" };

/** Three listeners put keys while the mailbox is killed now and then; what was acknowledged must be on the disk. */
async function session(sim: Simulation): Promise<{ acknowledged: string[]; failed: string[]; disk: Set<string> }> {
  const disk = new Set<string>();
  const acknowledged: string[] = [];
  const failed: string[] = [];
  await sim.worker("mailbox", async ({ system, fails }) => {
    await system.spawn(store(disk, fails), { name: "store", args: undefined });
  });
  let open = 0;
  for (const listener of ["listener-0", "listener-1", "listener-2"]) {
    const system = await sim.worker(listener);
    for (let i = 0; i < 20; i++) {
      const key = `${listener}/${i}`;
      open++;
      sim.clock.after(sim.random.next() * 200, () => {
        system.ref<StoreProtocol>(STORE).ask("store.put", { key, bytes: new Uint8Array(4_096) }).then(
          () => acknowledged.push(key),
          (error) => failed.push(`${key}: ${(error as Failure).kind}`),
        ).finally(() => open--);
      });
    }
  }
  for (let i = 0; i < 3; i++) {
    await sim.run({ forMs: sim.random.next() * 80 });
    sim.kill("mailbox");
    await sim.run({ forMs: sim.random.next() * 20 });
    await sim.restart("mailbox");
  }
  await sim.run({ until: () => open === 0 });
  assertEquals(open, 0, "an ask was left without an answer");
  return { acknowledged, failed, disk };
}

Deno.test("whatever the order, lost workers and failing flushes: every ask ends, and what was acknowledged is stored", async () => {
  let failures = 0;
  await simulate({ seeds: seeds(1, 100), faults: { "disk.flush": 0.1 } }, async (sim) => {
    const { acknowledged, failed, disk } = await session(sim);
    for (const key of acknowledged) assert(disk.has(key), `${key} was acknowledged and is lost`);
    assertEquals(acknowledged.length + failed.length, 60);
    failures += failed.length;
  });
  assert(failures > 100, "the simulation hardly ever failed anything: it tests too little");
});

Deno.test("the same seed runs the same way", async () => {
  const runs: unknown[] = [];
  for (let i = 0; i < 2; i++) {
    await simulate({ seeds: [42], faults: { "disk.flush": 0.2 } }, async (sim) => {
      const { acknowledged, failed } = await session(sim);
      runs.push({ acknowledged, failed, at: sim.clock.monotonicMs() });
    });
  }
  assertEquals(runs[0], runs[1]);
});

Deno.test("a failing seed is printed", async () => {
  const lines: string[] = [];
  const body = (sim: Simulation) => sim.seed === 7 ? Promise.reject(new Error("found it")) : Promise.resolve();
  await assertRejects(
    () => simulate({ seeds: seeds(5, 10), print: (line) => lines.push(line) }, body),
    Error,
    "seed 7",
  );
  assertEquals(lines, ["simulation fails with seed 7: Error: found it"]);
});

Deno.test("a planted loss is found by the simulator", async () => {
  const body = async (sim: Simulation) => {
    const { acknowledged, disk } = await session(sim);
    disk.delete("listener-1/3"); // As a store would that acknowledges before it writes.
    for (const key of acknowledged) assert(disk.has(key), `${key} was acknowledged and is lost`);
  };
  await assertRejects(() => simulate({ seeds: seeds(1, 20), print: () => {} }, body), Error, "is lost");
});

interface LockProtocol {
  "lock.take": { request: { owner: ActorAddress }; reply: { taken: boolean } };
}
interface OwnerProtocol {
  "owner.nothing": { request: null; reply: null };
}

Deno.test("a lock held by an actor of a lost worker is freed once, whatever the order of news", async () => {
  let grants = 0;
  const lock = defineActor<LockProtocol, { owner: ActorAddress | null; freed: number }>({
    restart: "permanent",
    inboxMax: 100,
    init: () => ({ owner: null, freed: 0 }),
    receive: {
      "lock.take": (state, { owner }, reply, context) => {
        const taken = state.owner === null;
        if (taken) {
          state.owner = owner;
          context.watch(owner, () => {
            assertEquals(state.owner, owner, "a lock was freed twice");
            state.owner = null;
          });
        }
        reply.ok({ taken });
      },
    },
  });
  const owner = defineActor<OwnerProtocol, null>({
    restart: "permanent",
    inboxMax: 10,
    init: () => null,
    receive: { "owner.nothing": () => {} },
  });
  await simulate({ seeds: seeds(1, 100) }, async (sim) => {
    const address = { node: "local", worker: "mailbox", actor: "lock" };
    await sim.worker("mailbox", async ({ system }) => void await system.spawn(lock, { name: "lock", args: undefined }));
    for (const name of ["listener-0", "listener-1"]) {
      await sim.worker(name, async ({ system }) => void await system.spawn(owner, { name: "pop3", args: undefined }));
    }
    for (let round = 0; round < 6; round++) {
      const worker = `listener-${round % 2}`;
      const take = sim.system(worker).ref<LockProtocol>(address).ask("lock.take", {
        owner: { node: "local", worker, actor: "pop3" },
      });
      take.then(({ taken }) => grants += Number(taken), () => {});
      await sim.run({ forMs: sim.random.next() * 10 });
      sim.kill(worker);
      await sim.run({ forMs: sim.random.next() * 10 });
      await sim.restart(worker);
    }
    await sim.run({ forMs: 100 });
    const last = sim.system("listener-0").ref<LockProtocol>(address).ask("lock.take", {
      owner: { node: "local", worker: "listener-0", actor: "pop3" },
    });
    let free = false;
    last.then(({ taken }) => free = taken);
    await sim.run({ forMs: 1_000 });
    assert(free, "the lock was never freed");
  });
  assert(grants > 100);
});
