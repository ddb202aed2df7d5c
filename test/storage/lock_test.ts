import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { lockDataDirectory } from "../../src/storage/mod.ts";
import { kindOf, temporaryDirectory } from "./support.ts";

const CHILD = fileURLToPath(new URL("./children/lock.ts", import.meta.url));

/** Starts a process that locks the directory and waits; resolves with what it prints. */
function locker(dir: string): Promise<{ said: string; kill(): Promise<void> }> {
  const args = "Deno" in globalThis ? ["run", "-A", "--no-check", CHILD, dir] : [CHILD, dir];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return new Promise((resolve) => {
    child.stdout.once("data", (chunk: Uint8Array) => {
      const kill = () => {
        child.kill("SIGKILL");
        return closed;
      };
      resolve({ said: new TextDecoder().decode(chunk).trim(), kill });
    });
  });
}

Deno.test("a data directory has one owner at a time, in this process and between processes", async () => {
  const dir = temporaryDirectory();
  const inner = `${dir}/data`;
  try {
    const lock = lockDataDirectory(inner);
    assert(existsSync(inner));
    assertEquals(readFileSync(`${inner}/lock.pid`, "utf8"), `${process.pid}\n`);
    assertEquals(await kindOf(() => lockDataDirectory(inner)), "locked");
    const second = await locker(inner);
    assertEquals(second.said, `locked by ${process.pid}`);
    await second.kill();
    lock.release();
    lock.release();
    lockDataDirectory(inner).release();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

Deno.test("the lock goes with a process that is killed", async () => {
  const dir = temporaryDirectory();
  try {
    const owner = await locker(dir);
    assertEquals(owner.said, "owner");
    assertEquals(await kindOf(() => lockDataDirectory(dir)), "locked");
    await owner.kill();
    lockDataDirectory(dir).release();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
