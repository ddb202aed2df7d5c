import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchResult } from "./figures.ts";

/** Results looked at in one directory, the newest ones. */
const FILES_MAX = 200;

/** The newest result in `dir` from a machine like this one and of the same length, or null. Damaged files are passed over. */
export function latestResult(dir: string, like: BenchResult): BenchResult | null {
  for (const name of resultFiles(dir)) {
    const result = readResult(join(dir, name));
    if (result !== null && isComparable(result, like)) return result;
  }
  return null;
}

/** Whether two results can be set side by side. */
export function isComparable(a: BenchResult, b: BenchResult): boolean {
  return a.quick === b.quick && a.machine.cpu === b.machine.cpu && a.machine.cores === b.machine.cores;
}

/** Writes the result below `dir`, named by its time; returns the file's path. */
export function keepResult(dir: string, result: BenchResult): string {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `${result.startedAt.replaceAll(/[:.]/g, "-")}.json`);
  writeResult(path, result);
  return path;
}

/** Writes the result to a file of the caller's choice. */
export function writeResult(path: string, result: BenchResult): void {
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

function resultFiles(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => name.endsWith(".json")).sort().reverse().slice(0, FILES_MAX);
  } catch {
    return [];
  }
}

function readResult(path: string): BenchResult | null {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<BenchResult>;
    return Array.isArray(value.figures) && value.machine !== undefined ? value as BenchResult : null;
  } catch {
    return null;
  }
}
