import { assertEquals } from "@std/assert";
import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { openQueueStore, type QueueStoreOptions } from "../../../src/storage/mod.ts";
import { kindOf } from "../support.ts";
import { bodyText, enqueued, inDirectory, outgoing, problems, queueOptions } from "./support.ts";

function open(dir: string, options: Partial<QueueStoreOptions> = {}) {
  return openQueueStore(queueOptions(dir, { owner: "process 1", ...options }));
}

function segments(dir: string): string[] {
  return readdirSync(`${dir}/queue/segments`).sort();
}

Deno.test("an owner of the queue that was given up and wakes is refused, and its successor's mail stays whole", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    const [before] = await enqueued(lost, outgoing("before"));
    const successor = await open(dir);
    await successor.enqueue(outgoing("of the successor"));
    // It flushes its body to the segment as if nothing had happened: only the index can tell it.
    const late = outgoing("of the one that hung, and longer");
    assertEquals(await kindOf(() => lost.enqueue(late)), "refused");
    assertEquals(await kindOf(() => lost.change([{ item: before!.item, next: null }])), "refused");
    assertEquals(await kindOf(() => lost.suspend("a.test", null)), "refused");
    assertEquals((await successor.enqueue(late)).known, false);
    assertEquals(successor.schedule(0, 9).map(({ item }) => bodyText(successor, successor.item(item)!.message)), [
      "before",
      "of the successor",
      "of the one that hung, and longer",
    ]);
    assertEquals([await problems(successor), successor.suspensions()], [[], []]);
    await lost.close();
    await successor.enqueue(outgoing("still the owner"));
    await successor.close();
  }));

Deno.test("an owner of the queue that was given up before the successor wrote anything is refused, too", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    const successor = await open(dir);
    assertEquals(await kindOf(() => lost.change([{ item: 1, next: null }])), "refused");
    assertEquals(await kindOf(() => successor.change([{ item: 1, next: null }])), "ok");
    await lost.close();
    await successor.close();
  }));

Deno.test("a write that a lost owner of the queue began, and that lands late, hits nobody's mail", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    await lost.enqueue(outgoing("before"));
    const path = `${dir}/queue/segments/${segments(dir)[0]}`;
    const end = statSync(path).size;
    const successor = await open(dir);
    const bodies = Array.from({ length: 20 }, (_, i) => `${i} `.repeat(500));
    for (const body of bodies) await successor.enqueue(outgoing(body));
    // What hung in the kernel is written now, where the lost owner would have had its next body.
    const fd = openSync(path, "r+");
    writeSync(fd, new Uint8Array(100_000).fill(0x7a), 0, 100_000, end);
    closeSync(fd);
    bodies.forEach((body, i) => assertEquals(bodyText(successor, i + 2), body));
    assertEquals([bodyText(successor, 1), await problems(successor)], ["before", []]);
    await lost.close();
    await successor.close();
  }));

Deno.test("the same process does not append to the segment of its lost owner of the queue; another process goes on with it", () =>
  inDirectory(async (dir) => {
    const lost = await open(dir);
    await lost.enqueue(outgoing("one"));
    const [first] = segments(dir);
    const again = await open(dir);
    await again.enqueue(outgoing("two"));
    assertEquals(segments(dir).length, 2);
    await again.close();
    await lost.close();
    const other = await open(dir, { owner: "process 2" });
    await other.enqueue(outgoing("three"));
    assertEquals([segments(dir).length, segments(dir)[0]], [2, first]);
    assertEquals([1, 2, 3].map((message) => bodyText(other, message)), ["one", "two", "three"]);
    await other.close();
  }));
