import { assertEquals, assertLess } from "@std/assert";
import { RenewedMap, RenewedSet, seededRandom } from "../../src/base/mod.ts";

Deno.test("a renewed map says what a Map says, whatever is done to it", () => {
  const random = seededRandom(7);
  const [own, plain] = [new RenewedMap<number, string>(), new Map<number, string>()];
  for (let i = 0; i < 20_000; i++) {
    // It grows and shrinks: of two thousand steps, a few more of the first half add.
    const [key, adds] = [Math.floor(random.next() * 600), random.next() < (i % 2_000 < 1_000 ? 0.6 : 0.4)];
    if (adds) {
      own.set(key, `${i}`);
      plain.set(key, `${i}`);
    } else assertEquals(own.delete(key), plain.delete(key));
    const asked = Math.floor(random.next() * 600);
    assertEquals([own.size, own.has(asked), own.get(asked)], [plain.size, plain.has(asked), plain.get(asked)]);
    if (i % 97 > 0) continue;
    assertEquals([...own], [...plain], "the same entries in the same order");
    assertEquals([[...own.keys()], [...own.values()]], [[...plain.keys()], [...plain.values()]]);
  }
  own.clear();
  assertEquals([own.size, [...own.entries()]], [0, []]);
});

Deno.test("a renewed set says what a Set says, whatever is done to it", () => {
  const random = seededRandom(8);
  const [own, plain] = [new RenewedSet<number>(), new Set<number>()];
  for (let i = 0; i < 10_000; i++) {
    const value = Math.floor(random.next() * 300);
    if (random.next() < 0.5) {
      own.add(value);
      plain.add(value);
    } else assertEquals(own.delete(value), plain.delete(value));
    assertEquals([own.size, own.has(value)], [plain.size, plain.has(value)]);
    if (i % 97 === 0) assertEquals([[...own], [...own.values()]], [[...plain], [...plain]]);
  }
  own.clear();
  assertEquals([own.size, [...own]], [0, []]);
});

Deno.test("an iteration that removes what it comes by meets each entry once", () => {
  const map = new RenewedMap<number, number>();
  for (let i = 0; i < 1_000; i++) map.set(i, i);
  const met: number[] = [];
  for (const [key] of map) {
    met.push(key);
    map.delete(key);
  }
  assertEquals(met, Array.from({ length: 1_000 }, (_, i) => i));
  assertEquals(map.size, 0);
});

/** A Map of V8's lets the heap grow by a hundred here. */
const GROWTH_BYTES_MAX = 32 * 1024 * 1024;

Deno.test("what has left a renewed map does not outlive the next collection of young objects", () => {
  const map = new RenewedMap<number, unknown>();
  const value = (i: number) => ({ i, more: new Array(40).fill(i) });
  for (let i = 0; i < 60; i++) map.set(i, value(i));
  // The map itself outlives some of them.
  for (let i = 0; i < 200_000; i++) value(i);
  let [least, most] = [Infinity, 0];
  for (let i = 60; i < 300_000; i++) {
    map.set(i, value(i));
    map.delete(i - 60);
    if (i % 1_000 > 0) continue;
    const { heapUsed } = Deno.memoryUsage();
    [least, most] = [Math.min(least, heapUsed), Math.max(most, heapUsed)];
  }
  assertLess(most - least, GROWTH_BYTES_MAX);
});
