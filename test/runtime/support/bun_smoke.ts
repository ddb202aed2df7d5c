/** Two workers and their supervisor, run by a runtime without worker permissions. Prints "ok" when all holds. */
import { Failure, SILENT, systemClock, systemRandom } from "../../../src/base/mod.ts";
import { createSupervisor } from "../../../src/runtime/mod.ts";
import type { EchoProtocol } from "./echo_worker.ts";

const clock = systemClock();
const url = new URL("./echo_worker.ts", import.meta.url);
const restart = { intensityMax: 9, periodMs: 10_000, backoffMs: [20, 200] } as const;
const specs = ["a", "b"].map((name) => ({
  name,
  url,
  permissions: {},
  config: {},
  restart,
  strategy: "one-for-one" as const,
}));
const onFatal = (error: Failure) => {
  throw error;
};
const supervisor = createSupervisor({ specs, clock, log: SILENT, random: systemRandom(), onFatal, logLevel: "error" });
await supervisor.start();
const echo = (worker: string) => supervisor.system.ref<EchoProtocol>({ node: "local", worker, actor: "echo" });
const bytes = new Uint8Array(4_096).fill(9);
const to = { node: "local", worker: "b", actor: "echo" };

for (const how of ["throw", "reject", "loop", "close"] as const) {
  const answer = await echo("a").ask("echo.forward", { to, bytes });
  if (answer.bytes.length !== bytes.length || answer.bytes[4_095] !== 9) throw new Error("bytes were lost");
  const from = clock.monotonicMs();
  const kind = await echo("a").ask("echo.die", { how }).then(() => "answered", (error: Failure) => error.kind);
  if (kind !== "down") throw new Error(`${how}: ${kind}`);
  while (supervisor.list()[0]!.state !== "running") {
    await new Promise((resolve) => clock.after(10, () => resolve(null)));
  }
  const tookMs = clock.monotonicMs() - from;
  if (tookMs > 3_000) throw new Error(`${how}: back after ${tookMs} ms`);
}
await supervisor.stop(1_000);
console.log("ok");
