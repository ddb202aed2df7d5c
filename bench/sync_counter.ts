import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delay } from "../test/support/eventually.ts";
import { programPath } from "../test/support/programs.ts";
import { LineCounter } from "./line_counter.ts";

/** What strace needs to take hold of all threads, in ms; nothing announces it. */
const ATTACH_MS = 500;

/** Why syncs cannot be counted here, or null when they can. */
export function whyNoSyncCounter(): string | null {
  return programPath("strace") === null ? "strace is not installed" : null;
}

/**
 * Counts the flush calls (fdatasync, fsync, msync) of a running process with strace while `work` runs. Writes to files
 * opened with O_DSYNC, as LMDB's for its meta page, flush too and are not among them. The process is slower meanwhile:
 * take no times from such a run.
 */
export async function countSyncs<T>(pid: number, work: () => Promise<T>): Promise<{ value: T; syncs: number }> {
  const dir = mkdtempSync(join(tmpdir(), "stagepost-syncs-"));
  const log = join(dir, "strace");
  const args = ["-f", "-qq", "-p", `${pid}`, "-e", "trace=fdatasync,fsync,msync", "-e", "signal=none", "-o", log];
  const strace = spawn("strace", args, { stdio: ["ignore", "ignore", "ignore"] });
  try {
    await delay(ATTACH_MS);
    if (strace.exitCode !== null) throw new Error("strace may not attach to the server");
    // Only flushes are traced, and a call that another thread cut in two shows its result once, in the second half.
    const counter = new LineCounter(log, " = 0");
    const before = counter.count();
    const value = await work();
    await detach(strace);
    return { value, syncs: counter.count() - before };
  } finally {
    await detach(strace);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function detach(strace: ChildProcess): Promise<void> {
  if (strace.exitCode !== null || strace.signalCode !== null) return;
  const ended = once(strace, "exit");
  strace.kill("SIGINT");
  await ended;
}
