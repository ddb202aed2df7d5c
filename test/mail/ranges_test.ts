import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import {
  countOf,
  difference,
  intersection,
  isIn,
  numbersIn,
  pairFrom,
  rangesOf,
  rangesOfRising,
} from "../../src/mail/ranges.ts";

Deno.test("pairs come in order, without overlap, and those that touch are one", () => {
  assertEquals([...rangesOf([5, 5, 9, 7, 1, 2, 3, 3, 8, 12], 0)], [1, 3, 5, 5, 7, 12]);
  assertEquals([...rangesOf([1, 4_294_967_295, 2, 2], 0)], [1, 4_294_967_295]);
  assertEquals([...rangesOf([], 7)], []);
});

Deno.test("a star is the last message, whatever stands beside it", () => {
  assertEquals([...rangesOf([0, 0], 7)], [7, 7]);
  assertEquals([...rangesOf([5, 0], 7)], [5, 7]);
  assertEquals([...rangesOf([9, 0], 7)], [7, 9]);
  assertEquals([...rangesOf([0, 0, 1, 2, 3, 0], 0)], [1, 2]);
});

Deno.test("ranges are met, counted and searched", () => {
  const ranges = rangesOf([2, 4, 8, 8, 10, 20], 0);
  assertEquals([1, 2, 4, 5, 8, 9, 20, 21].filter((number) => isIn(ranges, number)), [2, 4, 8, 20]);
  assertEquals(countOf(ranges), 15);
  assertEquals([0, 2, 5, 9, 21].map((number) => pairFrom(ranges, number)), [0, 0, 2, 4, 6]);
  assertEquals([...intersection(ranges, rangesOf([4, 9, 20, 30], 0))], [4, 4, 8, 8, 20, 20]);
  assertEquals([...rangesOfRising([1, 2, 5, 6, 7, 9])], [1, 2, 5, 7, 9, 9]);
});

Deno.test("what is taken from ranges leaves what sets of the same numbers leave", () => {
  const random = seededRandom(3);
  const some = () => rangesOfRising(Array.from({ length: 30 }, (_, i) => i + 1).filter(() => random.next() < 0.5));
  for (let i = 0; i < 500; i++) {
    const [ranges, others] = [some(), some()];
    const gone = new Set(numbersIn(others));
    const left = [...numbersIn(ranges)].filter((number) => !gone.has(number));
    assertEquals([...difference(ranges, others)], [...rangesOfRising(left)]);
  }
  // Never as long as what the ranges span.
  const started = performance.now();
  const wide = difference(rangesOf([1, 4_294_967_295], 0), rangesOf([2, 4_294_967_290], 0));
  assertEquals([...wide], [1, 1, 4_294_967_291, 4_294_967_295]);
  assert(performance.now() - started < 1_000);
});
