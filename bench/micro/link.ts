/** Asks across two workers: how many a second, and how long one takes. `deno run -A bench/micro/link.ts [count]` */
import { SILENT, systemClock, systemRandom } from "../../src/base/mod.ts";
import { createSupervisor } from "../../src/runtime/mod.ts";
import type { LinkBenchProtocol } from "./link_worker.ts";

const count = Number(process.argv[2] ?? 20_000);
const url = new URL("./link_worker.ts", import.meta.url);
const restart = { intensityMax: 1, periodMs: 1_000, backoffMs: [1, 2] } as const;
const specs = ["listener", "mailbox"].map((name) => {
  return { name, url, permissions: {}, config: null, restart, strategy: "one-for-one" as const };
});
const clock = systemClock();
const onFatal = (error: Error) => {
  throw error;
};
const supervisor = createSupervisor({ specs, clock, log: SILENT, random: systemRandom(), onFatal });
await supervisor.start();
const caller = supervisor.system.ref<LinkBenchProtocol>({ node: "local", worker: "listener", actor: "bench" });
for (const where of ["mailbox"]) {
  for (const bytes of [16, 4_096, 65_536]) {
    for (const inFlight of [1, 20, 100]) {
      const request = { to: { node: "local", worker: where, actor: "bench" }, inFlight, bytes };
      const asks = inFlight === 1 ? count / 4 : bytes > 10_000 ? count / 4 : count;
      await caller.ask("bench.run", { ...request, count: asks / 4 });
      const { ms, latencyUs } = await caller.ask("bench.run", { ...request, count: asks });
      latencyUs.sort((a, b) => a - b);
      const at = (part: number) => Math.round(latencyUs[Math.floor(latencyUs.length * part)]!);
      const rate = Math.round(asks / ms * 1_000);
      console.log(`${bytes} bytes, ${inFlight} in flight: ${rate}/s, p50 ${at(0.5)} us, p99 ${at(0.99)} us`);
    }
  }
}
await supervisor.stop(1_000);
