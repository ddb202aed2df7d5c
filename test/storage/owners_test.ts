import { assert, assertEquals } from "@std/assert";
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { type MailStoreOptions, openMailStore, shardDirectory } from "../../src/storage/mod.ts";
import { diskOptions, kindOf, mail, temporaryDirectory, text, uids } from "./support.ts";

async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function open(dir: string, options: Partial<MailStoreOptions> = {}) {
  return openMailStore(diskOptions(dir, { owner: "process 1", ...options }));
}

function segments(dir: string): string[] {
  return readdirSync(`${shardDirectory(dir, 0)}/segments`).sort();
}

Deno.test("an owner that was given up and wakes is refused, and its successor's mail stays whole", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    assertEquals(uids(await lost.shard(0).deliver(mail("before"))), [1]);
    const successor = await open(dir);
    const shard = successor.shard(0);
    assertEquals(uids(await shard.deliver(mail("of the successor"))), [2]);
    // It flushes its body to the segment as if nothing had happened: only the index can tell it.
    assertEquals(await kindOf(() => lost.shard(0).deliver(mail("of the one that hung, and longer"))), "refused");
    assertEquals(await kindOf(() => lost.shard(0).expunge(mail("").targets[0]!.account, 1, [1])), "refused");
    assertEquals(uids(await shard.deliver(mail("after"))), [3]);
    assertEquals([1, 2, 3].map((uid) => text(shard, uid)), ["before", "of the successor", "after"]);
    for await (const event of successor.verify()) assert(event.type !== "bad", JSON.stringify(event));
    await lost.close();
    await successor.close();
  }));

Deno.test("a write that a lost owner began before its successor opened, and that lands after, hits nobody's mail", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    await lost.shard(0).deliver(mail("before"));
    const path = `${shardDirectory(dir, 0)}/segments/${segments(dir)[0]}`;
    const end = statSync(path).size;
    const successor = await open(dir);
    const shard = successor.shard(0);
    const bodies = Array.from({ length: 20 }, (_, i) => `${i} `.repeat(500));
    for (const body of bodies) await shard.deliver(mail(body));
    // What hung in the kernel is written now, where the lost owner would have had its next body.
    const fd = openSync(path, "r+");
    writeSync(fd, new Uint8Array(100_000).fill(0x7a), 0, 100_000, end);
    closeSync(fd);
    assertEquals(text(shard, 1), "before");
    bodies.forEach((body, i) => assertEquals(text(shard, i + 2), body));
    for await (const event of successor.verify()) assert(event.type !== "bad", JSON.stringify(event));
    await lost.close();
    await successor.close();
  }));

Deno.test("the same process does not append to the segment of its lost owner; another process goes on with it", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    await lost.shard(0).deliver(mail("one"));
    const [first] = segments(dir);
    const again = await open(dir);
    await again.shard(0).deliver(mail("two"));
    assertEquals(segments(dir).length, 2);
    await again.close();
    await lost.close();
    const other = await open(dir, { owner: "process 2" });
    await other.shard(0).deliver(mail("three"));
    assertEquals(segments(dir).length, 2);
    assertEquals(segments(dir)[0], first);
    assertEquals([1, 2, 3].map((uid) => text(other.shard(0), uid)), ["one", "two", "three"]);
    await other.close();
  }));
