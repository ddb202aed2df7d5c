import { assert, assertEquals } from "@std/assert";
import { FAULTS_MAX } from "../../../src/actors/queue/destination.ts";
import { Dispatcher } from "../../../src/actors/queue/dispatcher.ts";
import type { ReadyItem } from "../../../src/actors/queue/ready_items.ts";

const NONE = () => null;

function dispatcher(attemptsMax = 100, first = 2, max = 8): Dispatcher {
  return new Dispatcher({ attemptsMax, perDestination: { first, max } });
}

function offer(to: Dispatcher, name: string, item: number, ready: Partial<ReadyItem> = {}): void {
  to.offer(name, { item, ready: () => ({ item, sender: "a", priority: 0, ...ready }) }, 0);
}

/** What begins now, in order. */
function begun(queue: Dispatcher, nowMs = 0, sort: (item: number) => ReadyItem | null = NONE): string[] {
  const all: string[] = [];
  for (let next = queue.next(nowMs, sort); next !== null; next = queue.next(nowMs, sort)) {
    all.push(`${next.destination.name}:${next.item}`);
  }
  return all;
}

Deno.test("destinations take turns, each up to what it is given", () => {
  const queue = dispatcher();
  for (const item of [1, 2, 3, 4]) offer(queue, "a.test", item);
  for (const item of [5, 6]) offer(queue, "b.test", item);
  assertEquals(begun(queue), ["a.test:1", "b.test:5", "a.test:2", "b.test:6"]);
  assertEquals(queue.waiting, 2);
});

Deno.test("no more begin than are allowed in all", () => {
  const queue = dispatcher(3);
  for (const name of ["a", "b", "c", "d"]) offer(queue, name, 1);
  assertEquals(begun(queue).length, 3);
  queue.ended(queue.destination("a", 0), 0);
  assertEquals(begun(queue), ["d:1"]);
});

Deno.test("higher priority goes first, and senders of the same priority take turns", () => {
  const queue = dispatcher(100, 100, 100);
  for (const item of [1, 2, 3]) offer(queue, "a", item, { sender: "bulk" });
  offer(queue, "a", 4, { sender: "john" });
  offer(queue, "a", 5, { sender: "low", priority: -3 });
  offer(queue, "a", 6, { sender: "bulk", priority: 4 });
  assertEquals(begun(queue), ["a:6", "a:1", "a:4", "a:2", "a:3", "a:5"]);
});

Deno.test("a destination that bears what it is sent is given more, up to its most; one that fails half", () => {
  const queue = dispatcher(100, 2, 4);
  for (let item = 0; item < 50; item++) offer(queue, "a", item);
  const destination = queue.destination("a", 0);
  assertEquals(begun(queue).length, 2);
  for (let i = 0; i < 20; i++) destination.wentWell(5);
  assertEquals(begun(queue).length, 2, "four in all");
  queue.faulted(destination, 0);
  for (let i = 0; i < 3; i++) queue.ended(destination, 0);
  assertEquals(begun(queue).length, 1, "two in all");
});

Deno.test(`after ${FAULTS_MAX} faults in a row a destination rests, longer each time, and is taken up again`, () => {
  const queue = dispatcher();
  const destination = queue.destination("a", 0);
  const faults = Array.from({ length: FAULTS_MAX }, () => queue.faulted(destination, 1_000));
  assertEquals(faults.indexOf(true), FAULTS_MAX - 1);
  offer(queue, "a", 1);
  assertEquals(begun(queue, 1_000), []);
  assertEquals(queue.nextWakeMs(), 31_000);
  queue.wake(30_999);
  assertEquals([begun(queue, 30_999), queue.nextWakeMs()], [[], 31_000]);
  queue.wake(31_000);
  assertEquals([begun(queue, 31_000), queue.nextWakeMs()], [["a:1"], null]);
  queue.faulted(destination, 31_000);
  assertEquals(destination.restsUntilMs, 91_000);
  for (let i = 0; i < 30; i++) queue.faulted(destination, 0);
  assertEquals(destination.restsUntilMs, 900_000);
  destination.wentWell(5);
  assertEquals(queue.faulted(destination, 0), false);
});

Deno.test("what waits for a destination can be taken out of its line", () => {
  const queue = dispatcher();
  for (const item of [1, 2, 3]) offer(queue, "a", item);
  assertEquals(queue.drain(queue.destination("a", 0), 2, NONE), [1, 2]);
  assertEquals(queue.drain(queue.destination("a", 0), 2, NONE), [3]);
  assertEquals([queue.waiting, begun(queue)], [0, []]);
});

Deno.test("of very many items only some are sorted; the others follow in the order they came, unless they are gone", () => {
  const queue = dispatcher(10_000, 5_000, 5_000);
  for (let item = 0; item < 2_500; item++) offer(queue, "a", item, { sender: item < 5 ? "early" : "bulk" });
  const sort = (item: number) => item % 2 === 1 ? null : { item, sender: "bulk", priority: 0 };
  const items = begun(queue, 0, sort).map((text) => Number(text.slice(2)));
  assertEquals(items.length, 1_000 + 750);
  assertEquals(items.slice(-750), Array.from({ length: 750 }, (_, i) => 1_000 + 2 * i));
  assertEquals(queue.waiting, 0);
});

Deno.test("faults are remembered for an hour, though nothing waits", () => {
  const queue = dispatcher();
  queue.faulted(queue.destination("a", 0), 0);
  queue.forget(queue.destination("a", 0), 3_599_999);
  assertEquals(queue.known("a")?.faults, 1);
  queue.forget(queue.destination("a", 0), 3_600_000);
  assertEquals(queue.known("a"), null);
});

Deno.test("what is remembered of very many destinations goes when its time is over", () => {
  const queue = dispatcher();
  for (let i = 0; i < 30_000; i++) queue.faulted(queue.destination(`d${i}`, i * 1_000), i * 1_000);
  const known = Array.from({ length: 30_000 }, (_, i) => queue.known(`d${i}`)).filter((found) => found !== null);
  assert(known.length < 15_000, `${known.length} are known`);
});

Deno.test("a destination of which nothing is known but that it is well is forgotten", () => {
  const queue = dispatcher();
  offer(queue, "a", 1);
  begun(queue);
  queue.ended(queue.destination("a", 0), 0);
  assertEquals(queue.known("a"), null);
  queue.destination("b", 0).suspendedUntilMs = 10;
  queue.forget(queue.destination("b", 0), 5);
  assertEquals([...queue.suspended(5)].map(({ name }) => name), ["b"]);
});

Deno.test("a destination that is quick has twice as many waiting at the delivery worker; one that is slow or fails has none", () => {
  const queue = new Dispatcher({ attemptsMax: 100, perDestination: { first: 4, max: 4, ahead: 7 } });
  for (let item = 0; item < 50; item++) offer(queue, "a", item);
  const destination = queue.destination("a", 0);
  assertEquals(begun(queue).length, 4);
  destination.wentWell(101);
  assertEquals(begun(queue).length, 0);
  destination.wentWell(100);
  assertEquals(begun(queue).length, 7, "no more than allowed");
  queue.faulted(destination, 0);
  for (let i = 0; i < 9; i++) queue.ended(destination, 0);
  assertEquals(begun(queue).length, 0, "two in all");
  destination.wentWell(1);
  assertEquals(begun(queue).length, 4, "twice as many more");
});

Deno.test("what waits at the delivery worker leaves room for the transactions of another destination", () => {
  const queue = new Dispatcher({ attemptsMax: 10, perDestination: { first: 4, max: 4, ahead: 8 } });
  for (let item = 0; item < 50; item++) offer(queue, "a", item);
  queue.destination("a", 0).wentWell(1);
  assertEquals(begun(queue).length, 6, "four, and two that wait");
  for (let item = 50; item < 60; item++) offer(queue, "b", item);
  queue.destination("b", 0).wentWell(1);
  assertEquals(begun(queue), [50, 51, 52, 53].map((item) => `b:${item}`));
  for (let i = 0; i < 3; i++) queue.ended(queue.destination("a", 0), 0);
  assertEquals(begun(queue).length, 1, "only what begins at once");
});

Deno.test("destinations that rest until different times are each taken up when theirs has come", () => {
  const queue = dispatcher();
  for (const [name, untilMs] of [["a", 10], ["b", 20], ["c", 30]] as const) {
    queue.destination(name, 0).suspendedUntilMs = untilMs;
    offer(queue, name, untilMs);
  }
  assertEquals([begun(queue, 0), queue.nextWakeMs()], [[], 10]);
  for (const [nowMs, item, nextMs] of [[10, "a:10", 20], [20, "b:20", 30], [30, "c:30", null]] as const) {
    queue.wake(nowMs);
    assertEquals([begun(queue, nowMs), queue.nextWakeMs()], [[item], nextMs]);
  }
});

Deno.test("what is left of a line that was deferred in part has its turn as before", () => {
  const queue = dispatcher();
  for (const item of [1, 2, 3]) offer(queue, "a", item);
  assertEquals(queue.drain(queue.destination("a", 0), 2, NONE), [1, 2]);
  assertEquals([begun(queue), queue.waiting], [["a:3"], 0]);
});
