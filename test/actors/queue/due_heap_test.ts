import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { seededRandom } from "../../../src/base/mod.ts";
import { DueHeap } from "../../../src/actors/queue/due_heap.ts";

function drain(heap: DueHeap, nowMs = Infinity): [number, number][] {
  const all: [number, number][] = [];
  for (let entry = heap.popDue(nowMs); entry !== null; entry = heap.popDue(nowMs)) all.push([entry.dueMs, entry.item]);
  return all;
}

Deno.test("entries come out by time, and of one time by number", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(1_000)), { maxLength: 200 }), (entries) => {
      const heap = new DueHeap();
      for (const [dueMs, item] of entries) heap.push(dueMs, item);
      assertEquals(drain(heap), [...entries].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
    }),
    { seed: 1 },
  );
});

Deno.test("nothing comes out before it is due", () => {
  const heap = new DueHeap();
  for (const dueMs of [30, 10, 20]) heap.push(dueMs, dueMs);
  assertEquals([heap.popDue(9), heap.nextMs()], [null, 10]);
  assertEquals(drain(heap, 20).map(([dueMs]) => dueMs), [10, 20]);
  assertEquals(heap.nextMs(), 30);
});

Deno.test("entries put in while others come out keep their order", () => {
  const random = seededRandom(9);
  const heap = new DueHeap();
  let last = -1;
  for (let round = 0; round < 20_000; round++) {
    heap.push(last + 1 + Math.floor(random.next() * 1_000), round);
    if (random.next() < 0.6) {
      const entry = heap.popDue(Infinity)!;
      assert(entry.dueMs >= last);
      last = entry.dueMs;
    }
  }
  const rest = drain(heap).map(([dueMs]) => dueMs);
  assertEquals(rest, [...rest].sort((a, b) => a - b));
  assertEquals(heap.size, 0);
});
