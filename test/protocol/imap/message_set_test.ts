import { assertEquals } from "@std/assert";
import { isBeyond, setsOfUids } from "../../../src/protocol/imap/message_set.ts";

Deno.test("a number beyond the last message is an error, a range that ends in * is what there is", () => {
  const beyond = (exists: number, ...pairs: number[]) => isBeyond({ by: "sequence", pairs }, exists);
  assertEquals([beyond(3, 1, 3), beyond(3, 1, 4), beyond(3, 4, 1), beyond(3, 1, 0), beyond(0, 1, 0), beyond(0, 1, 1)], [
    ...[false, true, true, false, false, true],
  ]);
  assertEquals(isBeyond({ by: "uid", pairs: [1, 99] }, 3), false);
  assertEquals(isBeyond({ by: "saved" }, 0), false);
});

Deno.test("ten thousand ranges are one set, one more begins another, and none is lost", () => {
  const pairs = Array.from({ length: 20_002 }, (_, at) => 1 + at - (at % 2));
  const sets = setsOfUids(pairs);
  assertEquals(sets.map((set) => set.by === "uid" && set.pairs.length), [20_000, 2]);
  assertEquals(sets.flatMap((set) => set.by === "uid" ? set.pairs : []), pairs);
  assertEquals(setsOfUids([]), []);
});
