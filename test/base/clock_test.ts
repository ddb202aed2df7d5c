import { assertEquals } from "@std/assert";
import { FakeClock } from "../../src/base/mod.ts";

Deno.test("timers run in order of due time, then of creation, and see the time they were due", () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name}@${clock.monotonicMs()}`);
  clock.after(20, note("b"));
  clock.after(10, note("a"));
  clock.after(20, note("c"));
  clock.advance(25);
  assertEquals(ran, ["a@10", "b@20", "c@20"]);
  assertEquals(clock.monotonicMs(), 25);
});

Deno.test("a cancelled timer does not run, and a timer may set another within the same advance", () => {
  const clock = new FakeClock();
  let ran = 0;
  const cancel = clock.after(5, () => ran += 100);
  clock.after(1, () => {
    cancel();
    clock.after(3, () => ran++);
  });
  clock.advance(10);
  assertEquals(ran, 1);
  assertEquals(clock.nextAt(), null);
});
