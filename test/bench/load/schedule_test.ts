import { assertEquals } from "@std/assert";
import { OpenLoopSchedule } from "../../../bench/load/schedule.ts";

Deno.test("Starts are handed out once each, at their own instants, and none before its time", () => {
  const schedule = new OpenLoopSchedule(1_000, 100);
  assertEquals(schedule.take(999.9), null);
  assertEquals(schedule.take(1_000), 1_000);
  assertEquals(schedule.take(1_009.9), null);
  assertEquals(schedule.take(1_010), 1_010);
});

Deno.test("After a stall every missed start is still handed out, with the instant it was meant for", () => {
  const schedule = new OpenLoopSchedule(0, 1_000);
  assertEquals(schedule.overdue(50), 50);
  const starts: number[] = [];
  for (let at = schedule.take(50); at !== null; at = schedule.take(50)) starts.push(at);
  assertEquals(starts, Array.from({ length: 51 }, (_, i) => i));
  assertEquals(schedule.overdue(50), 0);
});

Deno.test("Rates that divide no millisecond neither drift nor lose a start", () => {
  const schedule = new OpenLoopSchedule(0, 333);
  let taken = 0;
  for (let ms = 0; ms < 10_000; ms++) while (schedule.take(ms) !== null) taken++;
  assertEquals(taken, 3_330);
  assertEquals(schedule.taken, 3_330);
});

Deno.test("Nothing is overdue at the start", () => {
  assertEquals(new OpenLoopSchedule(5, 10).overdue(5), 0);
});
