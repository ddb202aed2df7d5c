import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  compressToPairs,
  formatInOrder,
  formatSequenceSet,
  mergePairs,
  parseSequenceSet,
} from "../../../src/protocol/imap/mod.ts";

Deno.test("sets are pairs of first and last, in the order sent", () => {
  assertEquals(parseSequenceSet("2,4:7,9,12:*"), [2, 2, 4, 7, 9, 9, 12, 0]);
  assertEquals(parseSequenceSet("*:4,7:5"), [0, 4, 7, 5]);
  assertEquals(parseSequenceSet("4294967295"), [4294967295, 4294967295]);
  for (const text of ["", ",", "1,", "0", "00", "01", "1:", ":", "4294967296", "1:2:3", "1 ", "a", "*1", "$", "1,,2"]) {
    assertEquals(parseSequenceSet(text), null, text);
  }
  assertEquals(parseSequenceSet("1:*", { star: false }), null);
});

Deno.test("a set of ten thousand ranges is taken, one more is not (I2)", () => {
  assertEquals(parseSequenceSet(Array(10_000).fill("7").join(","))?.length, 20_000);
  assertEquals(parseSequenceSet(Array(10_001).fill("7").join(",")), null);
});

Deno.test("pairs are written as they are parsed", () => {
  const number = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4294967295 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 20 }), (ranges) => {
      const pairs = ranges.flat();
      assertEquals(parseSequenceSet(formatSequenceSet(pairs)), pairs);
    }),
    { seed: 9051, numRuns: 2_000 },
  );
  assertEquals(formatSequenceSet([]), "");
});

Deno.test("rising numbers become the fewest ranges, and others keep their order (RFC 4315 §3)", () => {
  assertEquals(compressToPairs([1, 2, 3, 5, 7, 8]), [1, 3, 5, 5, 7, 8]);
  assertEquals(formatInOrder([304, 319, 320, 3, 4]), "304,319:320,3:4");
  assertEquals(formatInOrder([3, 2, 1]), "3,2,1");
  assertEquals(formatInOrder([]), "");
});

Deno.test("merged pairs name the same numbers, in order and once", () => {
  const number = fc.integer({ min: 0, max: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { maxLength: 8 }), (ranges) => {
      const named = new Set<number>();
      for (const range of ranges) {
        const [one, other] = range.map((value) => value === 0 ? 12 : value) as [number, number];
        for (let value = Math.min(one, other); value <= Math.max(one, other); value++) named.add(value);
      }
      assertEquals(mergePairs(ranges.flat(), 12), compressToPairs([...named].sort((a, b) => a - b)));
    }),
    { seed: 7, numRuns: 2_000 },
  );
});
