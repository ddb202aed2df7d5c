import { execFileSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Machine } from "./figures.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** This machine, runtime and commit. */
export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    runtime: runtimeName(),
    commit: commit(),
  };
}

function runtimeName(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}

function commit(): string | null {
  const git = (...args: string[]) =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return git("rev-parse", "--short=12", "HEAD") + (changed ? "+" : "");
  } catch {
    return null;
  }
}
