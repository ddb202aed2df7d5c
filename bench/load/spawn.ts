import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { mergeResults, splitEvenly } from "./merge.ts";
import { loadArgs, type LoadOptions, loadOptions } from "./options.ts";
import type { LoadEvent } from "./run.ts";
import type { LoadResult } from "./tally.ts";

/** Processes that one load may be spread over. */
export const processesMax = 16;
/** What a generator may take beyond its window, warm-up and drain, in ms: its start, its last replies. */
const GRACE_MS = 30_000;
/** What the generator needs on Deno; on Bun there are no permissions. */
const PERMISSIONS = ["--no-prompt", "--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/** A load that runs in processes of its own. */
export interface SpawnedLoad {
  /** Process ids, for looking at their CPU time. */
  readonly pids: readonly number[];
  /** Resolves when all have ended; rejects when one fails or does not end in time. */
  readonly result: Promise<LoadResult>;
  /** Ends the processes at once; `result` rejects. */
  kill(): void;
}

/** Runs the load in `processes` processes of their own (default 1), sessions, rate and count shared out evenly. */
export function spawnLoad(
  given: Partial<LoadOptions>,
  parts: { processes?: number; onEvent?: (event: LoadEvent) => void } = {},
): SpawnedLoad {
  const options = loadOptions(given);
  const processes = parts.processes ?? 1;
  if (!(processes >= 1 && processes <= processesMax && processes <= options.sessions)) {
    throw new RangeError(`processes must be 1 to ${processesMax} and no more than sessions`);
  }
  const sessions = splitEvenly(options.sessions, processes);
  const counts = splitEvenly(options.countMax, processes);
  const running = sessions.map((share, i) => {
    const own = {
      ...options,
      sessions: share,
      countMax: counts[i]!,
      ratePerSecond: options.ratePerSecond === null ? null : options.ratePerSecond / processes,
      idPrefix: processes === 1 ? options.idPrefix : `${options.idPrefix.slice(0, 13)}-${i}`,
    };
    return start(own, parts.onEvent ?? (() => {}));
  });
  return {
    pids: running.map(({ child }) => child.pid ?? 0),
    result: Promise.all(running.map(({ result }) => result)).then(mergeResults),
    kill: () => running.forEach(({ child }) => child.kill("SIGKILL")),
  };
}

function start(
  options: LoadOptions,
  onEvent: (event: LoadEvent) => void,
): { child: ChildProcess; result: Promise<LoadResult> } {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const run = "Deno" in globalThis ? ["run", ...PERMISSIONS, main] : [main];
  const child = spawn(process.execPath, [...run, ...loadArgs(options)], { stdio: ["ignore", "pipe", "inherit"] });
  const msMax = options.warmupMs + options.durationMsMax + options.drainMsMax + options.replyMsMax + GRACE_MS;
  const result = new Promise<LoadResult>((resolve, reject) => {
    let found: LoadResult | null = null;
    const timer = setTimeout(() => child.kill("SIGKILL"), msMax);
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => {
      // Diagnostics that a runtime was told to print (DENO_V8_FLAGS, say) come the same way.
      if (!line.startsWith("{")) return;
      const event = JSON.parse(line) as LoadEvent | { event: "result"; result: LoadResult };
      if (event.event === "result") found = event.result;
      else onEvent(event);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0 && found !== null) resolve(found);
      else reject(new Error(`the load generator ended with ${code ?? signal} and without a result`));
    });
  });
  return { child, result };
}
