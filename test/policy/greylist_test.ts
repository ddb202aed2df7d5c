import { assert, assertEquals } from "@std/assert";
import { Greylist, type GreylistPolicy } from "../../src/policy/mod.ts";

const DAY_MS = 86_400_000;
const POLICY: GreylistPolicy = { delayMs: 300_000, retryMsMax: 2 * DAY_MS, keepMs: 35 * DAY_MS, entriesMax: 3 };

Deno.test("the first mail of a triplet is put off, one that comes after the delay is let in, and so are all after it", () => {
  const list = new Greylist(POLICY);
  assertEquals([0, 1, 299_999].map((ms) => list.passes("a", ms)), [false, false, false]);
  assertEquals([300_000, 300_001, 10 * DAY_MS].map((ms) => list.passes("a", ms)), [true, true, true]);
  assert(!list.passes("b", 300_000), "another triplet waits for itself");
});

Deno.test("who comes again too late, or has not written for long, is put off again", () => {
  const list = new Greylist(POLICY);
  list.passes("a", 0);
  assert(list.passes("a", 2 * DAY_MS), "the last moment");
  list.passes("b", 0);
  assert(!list.passes("b", 2 * DAY_MS + 1));
  assert(list.passes("b", 2 * DAY_MS + 300_001));
  assert(list.passes("a", 37 * DAY_MS));
  assert(!list.passes("a", 37 * DAY_MS + 35 * DAY_MS + 1));
});

Deno.test("a clock that goes back makes a triplet wait anew, and no longer than that", () => {
  const list = new Greylist(POLICY);
  list.passes("a", 1_000_000);
  assert(!list.passes("a", 0));
  assert(list.passes("a", 300_000));
});

Deno.test("what is remembered is bounded, and strangers push out only strangers", () => {
  const list = new Greylist(POLICY);
  list.passes("friend", 0);
  assert(list.passes("friend", 300_000));
  list.passes("waiting", 300_000);
  for (let i = 0; i < 100; i++) list.passes(`noise ${i}`, 300_000);
  assertEquals(list.size, 4);
  assert(list.passes("friend", 300_001));
  assert(!list.passes("waiting", 700_000), "it was forgotten, so it waits again");
  const kept = new Greylist(POLICY);
  for (const [key, entry] of list.takeChanges()) if (entry !== null) assert(!kept.passes(key, entry.atMs));
  assertEquals(kept.size, 3);
});

Deno.test("its changes are enough to make it anew, and mail of one day is one change", () => {
  const list = new Greylist(POLICY);
  list.passes("a", 0);
  list.passes("a", 300_000);
  list.passes("b", 300_000);
  const changes = [...list.takeChanges()];
  assertEquals(changes, [
    ["a", { state: "known", atMs: 300_000 }],
    ["b", { state: "waiting", atMs: 300_000 }],
  ]);
  for (let ms = 300_001; ms < 300_100; ms++) list.passes("a", ms);
  assertEquals([...list.takeChanges()], []);
  assert(list.passes("a", 300_000 + DAY_MS));
  assertEquals([...list.takeChanges()], [["a", { state: "known", atMs: 300_000 + DAY_MS }]]);
  const again = new Greylist(POLICY, changes.flatMap(([key, entry]) => entry === null ? [] : [[key, entry] as const]));
  assert(again.passes("a", 300_001));
  assert(!again.passes("b", 300_001));
  assert(again.passes("b", 600_000));
});
