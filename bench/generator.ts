/** What the load generator itself costs and can do, against a server that accepts and forgets. */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BenchContext, figure, type Findings, noFindings } from "./figures.ts";
import { spawnLoad } from "./load/mod.ts";

const SIZES = [{ label: "4KB", messageBytes: 4_096 }, { label: "100KB", messageBytes: 102_400 }] as const;

/** Measures the generator: the ceiling of every other figure on this machine. */
export async function benchGenerator(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const sink = await startSinkProcess();
  try {
    for (const { label, messageBytes } of SIZES) {
      context.note(`generator: ${label} into the sink`);
      const durationMsMax = context.quick ? 1_500 : 4_000;
      const load = { port: sink.port, messageBytes, durationMsMax, warmupMs: 1_000 };
      const result = await spawnLoad(load).result;
      const { user, system } = result.cpuUsPerMessage;
      const add = (name: string, unit: string, better: "higher" | "lower", value: number) =>
        findings.figures.push(figure(`generator/${label} ${name}`, { unit, better, rounds: [value] }));
      add("rate", "msg/s", "higher", result.messagesPerSecond);
      add("CPU", "µs/msg", "lower", user + system);
      for (const [reply, count] of Object.entries(result.errors)) {
        findings.errors.push(`generator: ${count} × ${reply}`);
      }
    }
  } finally {
    sink.child.kill("SIGKILL");
  }
  return findings;
}

async function startSinkProcess(): Promise<{ child: ChildProcess; port: number }> {
  const main = fileURLToPath(new URL("./load/sink.ts", import.meta.url));
  const run = "Deno" in globalThis ? ["run", "--no-prompt", "--allow-net", main] : [main];
  const child = spawn(process.execPath, [...run, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, port: (JSON.parse(line) as { port: number }).port };
  }
  throw new Error("the sink did not start");
}
