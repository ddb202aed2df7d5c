import { assert, assertEquals } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openMailStore } from "../../src/storage/mod.ts";
import { numberOf } from "./numbered.ts";
import { account, diskOptions, text } from "./support.ts";

const CHILD = fileURLToPath(new URL("./children/deliver.ts", import.meta.url));

/** The command line that runs a program of the tests under the runtime of this process. */
export function commandOf(args: readonly string[], program = CHILD): string[] {
  const runtime = process.execPath;
  return "Deno" in globalThis ? [runtime, "run", "-A", "--no-check", program, ...args] : [runtime, program, ...args];
}

/** Whether a program can be started. */
export function installed(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

export interface ChildRun {
  /** Number of each acknowledged message, and its UID. */
  readonly acked: Map<number, number>;
  readonly failed: Map<number, string>;
  /** Numbers of those that were told to be done. */
  readonly done: Set<number>;
  readonly readFailures: number;
  readonly code: number | null;
  readonly errors: string;
}

/** Runs a command; kills it, without warning, after it has acknowledged `killAfter` messages. */
export function run(command: readonly string[], killAfter = Infinity): Promise<ChildRun> {
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: ["ignore", "pipe", "pipe"] });
  const acked = new Map<number, number>();
  const failed = new Map<number, string>();
  const done = new Set<number>();
  let readFailures = 0;
  let rest = "";
  let errors = "";
  child.stdout.on("data", (chunk: Uint8Array) => {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [word, number, value] = line.split(" ");
      if (word === "ack") acked.set(Number(number), Number(value));
      if (word === "fail") failed.set(Number(number), value ?? "");
      if (word === "done") done.add(Number(number));
      if (word === "read") readFailures++;
    }
    if (acked.size >= killAfter) child.kill("SIGKILL");
  });
  child.stderr.on("data", (chunk: Uint8Array) => errors += new TextDecoder().decode(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ acked, failed, done, readFailures, code, errors }));
  });
}

/** Opens what a child left: every acknowledged message is there once, byte for byte, under the UID that was answered. */
export async function checkLeft(dir: string, acked: ReadonlyMap<number, number>): Promise<number> {
  const store = await openMailStore(diskOptions(dir));
  try {
    for await (const event of store.verify()) assert(event.type === "progress", JSON.stringify(event));
    const shard = store.shard(0);
    const found = new Map<number, number>();
    for (let after = 0;;) {
      const { rows, more } = shard.list(account("anna"), 1, after, 10_000);
      for (const { uid } of rows) {
        const number = numberOf(text(shard, uid));
        assert(number !== null, `the message with UID ${uid} is not what was sent`);
        assert(!found.has(number), `message ${number} is there twice`);
        found.set(number, uid);
      }
      if (!more) break;
      after = rows.at(-1)!.uid;
    }
    for (const [number, uid] of acked) assertEquals(found.get(number), uid, `message ${number} was acknowledged`);
    return found.size;
  } finally {
    await store.close();
  }
}
