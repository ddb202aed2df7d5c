import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { type ChildRun, installed, run } from "./child.ts";

export const missing = !installed("strace");
/** Goes behind the name of a test that needs strace. */
export const why = missing ? " (skipped: strace is not installed)" : "";

const CALLS = "fdatasync,pwrite64,pwritev,writev,write";

export interface Injection {
  /** As strace's `inject=` takes it. */
  readonly inject: string;
  /** The only file whose calls fail; null: any. */
  readonly file: string | null;
}

/** Runs a command while strace makes calls on its files fail; then looks at what is left. */
export async function injected(
  command: readonly string[],
  { inject, file }: Injection,
  check: (left: ChildRun) => Promise<unknown>,
): Promise<{ ended: boolean; failed: string[] }> {
  const only = file === null ? [] : ["-P", file];
  const strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${CALLS}`, "-e", `inject=${inject}`, ...only];
  const left = await run([...strace, ...command]);
  assertEquals(left.readFailures, 0, "reads go on");
  await check(left);
  const ended = left.code !== 0;
  assert(ended || left.acked.size > left.failed.size / 10, "the store works again");
  return { ended, failed: [...new Set(left.failed.values())] };
}

/** What a command did to its store, step by step. */
export async function traced(command: readonly string[], trace: string): Promise<string[]> {
  await run(["strace", "-f", "-qq", "-y", "-s", "12", "-o", trace, "-e", `trace=${CALLS}`, ...command]);
  return readFileSync(trace, "utf8").split("\n").map(stepOf).filter((step) => step !== null);
}

/** What a line of the trace did to the store, or null. */
function stepOf(line: string): string | null {
  if (/\bfdatasync\(\d+<[^>]*\.seg>/.test(line)) return "flush body";
  if (/\bfdatasync\(\d+<[^>]*index\.mdb>/.test(line)) return "flush index";
  if (/\bp?write(v|64|v2)?\(\d+<[^>]*\.seg>/.test(line)) return "body";
  if (/\bp?write(v|64|v2)?\(\d+<[^>]*index\.mdb>/.test(line)) return "page";
  if (/\bwrite\(1<[^>]*>, "ack /.test(line)) return "ack";
  return null;
}
