/** ATTACKS R6: a reader that was killed must not keep old pages of the index alive for ever. */
import { assert, assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openMailStore, shardDirectory, type ShardStore } from "../../src/storage/mod.ts";
import { ANNA, diskOptions, mail, temporaryDirectory, uids } from "./support.ts";

const CHILD = fileURLToPath(new URL("./children/reader.ts", import.meta.url));
const CHANGES = 300;

/** A process with the index open, which answers each line with one. */
class Reader {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<void>;
  constructor(path: string) {
    const args = "Deno" in globalThis ? ["run", "-A", "--no-check", CHILD, path] : [CHILD, path];
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#closed = new Promise((resolve) => this.#child.on("close", () => resolve()));
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }
  async says(): Promise<string> {
    return (await this.#lines.next()).value;
  }
  ask(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    return this.says();
  }
  kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    return this.#closed;
  }
}

/** Every change is brought to the index. */
const LIMITS = { unindexedRowsMax: 0 };

/** Mail comes and goes; in the end nothing is left but pages that can be used again. */
async function churn(shard: ShardStore): Promise<void> {
  for (let i = 0; i < CHANGES; i++) {
    const stored = uids(await shard.deliver(mail(`letter ${i}`)));
    await shard.expunge(ANNA, 1, stored);
  }
}

/** How many pages of the index are used more after changes that leave nothing behind, with readers that did this before. */
async function growth(meanwhile: (reader: () => Promise<Reader>) => Promise<void>): Promise<number> {
  const dir = temporaryDirectory();
  const readers: Reader[] = [];
  const reader = async () => {
    const made = new Reader(`${shardDirectory(dir, 0)}/index.mdb`);
    readers.push(made);
    assertEquals(await made.says(), "open");
    return made;
  };
  try {
    const first = await openMailStore(diskOptions(dir, { limits: LIMITS }));
    await churn(first.shard(0));
    await first.close();
    // This one lives, so that the table of readers is not simply made anew when the store is opened.
    const witness = await reader();
    const before = Number(await witness.ask("pages"));
    await meanwhile(reader);
    const second = await openMailStore(diskOptions(dir, { limits: LIMITS }));
    await churn(second.shard(0));
    const after = Number(await witness.ask("pages"));
    await second.close();
    return after - before;
  } finally {
    for (const each of readers) await each.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

Deno.test("readers that were killed in the middle of reading do not make the index grow", async () => {
  const pages = await growth(async (reader) => {
    for (let i = 0; i < 3; i++) {
      const victim = await reader();
      assertEquals(await victim.ask("read"), "reading");
      await victim.kill();
    }
  });
  assert(pages < CHANGES, `${pages} pages more by ${2 * CHANGES} changes`);
});

Deno.test("canary: a reader that lives on and never ends its transaction does make it grow", async () => {
  const pages = await growth(async (reader) => {
    assertEquals(await (await reader()).ask("read"), "reading");
  });
  assert(pages > 2 * CHANGES, `only ${pages} pages more by ${2 * CHANGES} changes`);
});
