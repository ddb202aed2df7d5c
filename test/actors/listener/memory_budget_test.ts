import { assertEquals } from "@std/assert";
import { MemoryBudget } from "../../../src/actors/listener/memory_budget.ts";

Deno.test("sessions may hold together what the limit says, and not one byte more", () => {
  const budget = new MemoryBudget(100);
  assertEquals(budget.change(0, 60), true);
  assertEquals(budget.change(0, 40), true, "the limit itself is allowed");
  assertEquals(budget.change(40, 41), false);
});

Deno.test("giving back is always right, also over the limit", () => {
  const budget = new MemoryBudget(10);
  budget.change(0, 20);
  assertEquals(budget.change(20, 15), true);
  assertEquals(budget.change(15, 0), true);
  assertEquals(budget.usedBytes, 0);
});

Deno.test("who asks before it takes is told whether there is room", () => {
  const budget = new MemoryBudget(100);
  budget.change(0, 60);
  assertEquals([budget.hasRoomFor(40), budget.hasRoomFor(41)], [true, false]);
  assertEquals(budget.usedBytes, 60);
});
