import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { Failure, jsonLog, seededRandom, SILENT, systemClock, systemRandom } from "../../src/base/mod.ts";
import { createSupervisor, type Supervisor, type SupervisorOptions, type WorkerSpec } from "../../src/runtime/mod.ts";
import type { EchoProtocol } from "./support/echo_worker.ts";

const permitted = ["net", "read"].every((name) =>
  Deno.permissions.querySync({ name: name as "net" | "read" }).state === "granted"
);
const clock = systemClock();
const url = new URL("./support/echo_worker.ts", import.meta.url);

function spec(name: string, over: Partial<WorkerSpec> = {}): WorkerSpec {
  const restart = { intensityMax: 5, periodMs: 10_000, backoffMs: [20, 200] } as const;
  return { name, url, permissions: {}, config: {}, restart, strategy: "one-for-one", ...over };
}

/** Real workers need permissions; without them the test says so. */
function workerTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: permitted ? name : `${name} (skipped: needs net and read permission)`, ignore: !permitted, fn });
}

async function withWorkers(
  specs: WorkerSpec[],
  run: (supervisor: Supervisor) => Promise<void>,
  over: Partial<SupervisorOptions> = {},
): Promise<void> {
  const onFatal = (error: Failure) => {
    throw error;
  };
  const log = Deno.args.includes("--log") ? jsonLog({ level: "info", wallMs: Date.now, write: console.log }) : SILENT;
  const supervisor = createSupervisor({
    specs,
    clock,
    log,
    random: systemRandom(),
    onFatal,
    logLevel: "error",
    ...over,
  });
  await supervisor.start();
  try {
    await run(supervisor);
  } finally {
    await supervisor.stop(2_000);
  }
}

function echoOf(supervisor: Supervisor, worker: string) {
  return supervisor.system.ref<EchoProtocol>({ node: "local", worker, actor: "echo" });
}

/** Asks again until the worker is back; ms it took. */
async function backMs(supervisor: Supervisor, worker: string): Promise<number> {
  const from = clock.monotonicMs();
  while (clock.monotonicMs() - from < 10_000) {
    const back = await echoOf(supervisor, worker).ask("echo.config", null, { deadlineMs: 500 }).catch(() => null);
    if (back !== null) return clock.monotonicMs() - from;
    await new Promise((resolve) => clock.after(10, () => resolve(null)));
  }
  throw new Error(`${worker} did not come back`);
}

for (const how of ["throw", "reject", "loop", "close"] as const) {
  workerTest(
    `a worker that ends by ${how} fails its askers with down, harms nobody and is back within 3 s`,
    async () => {
      await withWorkers([spec("a"), spec("b")], async (supervisor) => {
        const bytes = new Uint8Array([1, 2, 3]);
        const from = clock.monotonicMs();
        const pending = assertRejects(() => echoOf(supervisor, "a").ask("echo.never", null), Failure);
        const dying = assertRejects(() => echoOf(supervisor, "a").ask("echo.die", { how }), Failure);
        assertEquals((await echoOf(supervisor, "b").ask("echo.say", { bytes })).bytes, bytes);
        assertEquals((await pending).kind, "down");
        assertEquals((await dying).kind, "down");
        assertLess(clock.monotonicMs() - from, 2_500);
        await backMs(supervisor, "a");
        assertLess(clock.monotonicMs() - from, 3_000);
        const to = { node: "local", worker: "a", actor: "echo" };
        assertEquals((await echoOf(supervisor, "b").ask("echo.forward", { to, bytes })).bytes, bytes);
        const [a, b] = supervisor.list();
        assertEquals([a!.state, a!.restarts, b!.state, b!.restarts], ["running", 1, "running", 0]);
      });
    },
  );
}

workerTest("a worker that stalls for less than 2 s is left alone", async () => {
  await withWorkers([spec("a")], async (supervisor) => {
    await echoOf(supervisor, "a").ask("echo.stall", { ms: 1_500 });
    assertEquals(supervisor.list()[0]!.restarts, 0);
  });
});

workerTest("a main thread that stood still for 2.5 s does not take it for the silence of its workers", async () => {
  await withWorkers([spec("a"), spec("b")], async (supervisor) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
    await echoOf(supervisor, "a").ask("echo.config", null);
    await new Promise((resolve) => clock.after(300, () => resolve(null)));
    assertEquals(supervisor.list().map(({ restarts }) => restarts), [0, 0]);
  });
});

workerTest("calls to a worker that hangs while it is asked for its stats fail when it is ended", async () => {
  await withWorkers([spec("a")], async (supervisor) => {
    echoOf(supervisor, "a").tell("echo.die", { how: "loop" });
    while ((await supervisor.stats())[0]!.stats !== null);
    await backMs(supervisor, "a");
    assertEquals(await supervisor.stats(), [{ name: "a", stats: { greeting: null } }]);
  });
});

workerTest("stop ends a hanging worker after its grace", async () => {
  await withWorkers([spec("a"), spec("b")], async (supervisor) => {
    echoOf(supervisor, "a").tell("echo.die", { how: "loop" });
    const from = clock.monotonicMs();
    await supervisor.stop(500);
    assertLess(clock.monotonicMs() - from, 1_500);
    assertEquals(supervisor.list().map(({ state }) => state), ["stopped", "stopped"]);
  });
});

workerTest(
  "thousands of asks of all sizes, by the main thread and between workers, are each answered with their bytes",
  async () => {
    await withWorkers([spec("a"), spec("b")], async (supervisor) => {
      const random = seededRandom(20261126);
      const to = { node: "local", worker: "b", actor: "echo" };
      const askedOne = async () => {
        const bytes = random.bytes(Math.floor(random.next() ** 4 * 60_000));
        const [a, b] = [echoOf(supervisor, "a"), echoOf(supervisor, "b")];
        const asked = random.next() < 0.5 ? a.ask("echo.forward", { to, bytes }) : b.ask("echo.say", { bytes });
        assertEquals((await asked).bytes, bytes);
      };
      const lane = async () => {
        for (let count = 0; count < 250; count++) await askedOne();
      };
      await Promise.all(Array.from({ length: 20 }, lane));
    });
  },
);

workerTest("a worker without net permission cannot connect", async () => {
  await withWorkers([spec("a"), spec("b", { permissions: { net: true } })], async (supervisor) => {
    assertEquals((await echoOf(supervisor, "a").ask("echo.connect", { port: 1 })).error, "NotCapable");
    assertEquals((await echoOf(supervisor, "b").ask("echo.connect", { port: 1 })).error, "ConnectionRefused");
  });
});

workerTest("a new config reaches the worker, and one it refuses leaves the old in force", async () => {
  await withWorkers([spec("a", { config: { greeting: "hello" } })], async (supervisor) => {
    await supervisor.reload("a", { greeting: "good day" });
    await assertRejects(() => supervisor.reload("a", { greeting: 1 }), Failure);
    assertEquals(await supervisor.stats(), [{ name: "a", stats: { greeting: "good day" } }]);
    await supervisor.restart("a");
    assertEquals(await echoOf(supervisor, "a").ask("echo.config", null), { greeting: "good day" });
    assertEquals((await supervisor.actors()).map(({ address }) => address.actor), ["echo"]);
  });
});

workerTest("a worker that dies too often is fatal", async () => {
  const fatal = Promise.withResolvers<Failure>();
  const restart = { intensityMax: 1, periodMs: 10_000, backoffMs: [1, 2] } as const;
  await withWorkers([spec("a", { restart })], async (supervisor) => {
    echoOf(supervisor, "a").tell("echo.die", { how: "throw" });
    await assertRejects(() => echoOf(supervisor, "a").ask("echo.never", null), Failure);
    await backMs(supervisor, "a");
    echoOf(supervisor, "a").tell("echo.die", { how: "throw" });
    assert((await fatal.promise).message.includes("too often"));
    assertEquals(supervisor.list()[0]!.state, "failed");
  }, { onFatal: fatal.resolve });
});

workerTest("a worker that cannot start fails the start of the whole", async () => {
  const specs = [spec("a"), spec("b", { config: { failStart: true } })];
  await assertRejects(() => withWorkers(specs, async () => {}), Failure, "asked not to start");
});

workerTest("with rest-for-one the workers after the dead one start again too, those before it do not", async () => {
  const specs = [spec("a"), spec("b", { strategy: "rest-for-one" }), spec("c")];
  await withWorkers(specs, async (supervisor) => {
    const before = supervisor.list().map(({ startedAtMs }) => startedAtMs!);
    await assertRejects(() => echoOf(supervisor, "b").ask("echo.die", { how: "throw" }), Failure);
    await backMs(supervisor, "b");
    while (supervisor.list().some(({ state }) => state !== "running")) await backMs(supervisor, "c");
    const after = supervisor.list().map(({ startedAtMs }) => startedAtMs!);
    assertEquals([after[0]! > before[0]!, after[1]! > before[1]!, after[2]! > before[2]!], [false, true, true]);
  });
});
