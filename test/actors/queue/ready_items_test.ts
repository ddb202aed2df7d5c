import { assertEquals } from "@std/assert";
import { seededRandom } from "../../../src/base/mod.ts";
import { type ReadyItem, ReadyItems } from "../../../src/actors/queue/ready_items.ts";

function ready(item: number, priority: number, sender = "anna"): ReadyItem {
  return { item, priority, sender };
}

function drained(items: ReadyItems): number[] {
  const order: number[] = [];
  for (let item = items.shift(); item !== null; item = items.shift()) order.push(item);
  return order;
}

Deno.test("a line that ran empty takes items of any priority, the one before included", () => {
  const items = new ReadyItems();
  for (const [item, priority] of [[1, 5], [2, 0], [3, 5], [4, 9], [5, 0]] as const) {
    items.push(ready(item, priority));
    assertEquals([items.size, items.shift(), items.shift(), items.size], [1, item, null, 0]);
  }
  items.push(ready(6, -4));
  items.push(ready(7, 9));
  items.push(ready(8, 5));
  assertEquals(drained(items), [7, 8, 6]);
});

Deno.test("whatever comes and goes, the highest priority goes first, then each sender in turn, then the oldest", () => {
  const random = seededRandom(20_261_126);
  const items = new ReadyItems();
  const waiting: ReadyItem[] = [];
  for (let item = 0; item < 3_000; item++) {
    if (random.next() < 0.5) {
      const one = ready(item, Math.floor(random.next() * 3), random.next() < 0.5 ? "anna" : "bert");
      items.push(one);
      waiting.push(one);
      continue;
    }
    const shifted = items.shift();
    assertEquals(items.size, Math.max(0, waiting.length - 1));
    if (shifted === null) continue;
    const { priority, sender } = waiting.find((one) => one.item === shifted)!;
    assertEquals(priority, Math.max(...waiting.map((one) => one.priority)));
    const oldest = waiting.find((one) => one.priority === priority && one.sender === sender)!;
    assertEquals(oldest.item, shifted);
    waiting.splice(waiting.indexOf(oldest), 1);
  }
});
