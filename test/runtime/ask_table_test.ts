import { assertEquals } from "@std/assert";
import { Failure, FakeClock } from "../../src/base/mod.ts";
import { AskTable } from "../../src/runtime/ask_table.ts";
import { ASKS_PENDING_MAX } from "../../src/runtime/limits.ts";

/** Counts how often a timer is set. */
class CountingClock extends FakeClock {
  armed = 0;
  override after(delayMs: number, run: () => void) {
    this.armed++;
    return super.after(delayMs, run);
  }
}

Deno.test("deadlines are kept in their order and to within 10 ms", () => {
  const clock = new FakeClock();
  const table = new AskTable(clock);
  const ended: [number, string, number][] = [];
  for (const ms of [500, 20, 30_000, 21, 5_000]) {
    table.open("w", "x", ms, () => {}, (failure: Failure) => ended.push([ms, failure.kind, clock.monotonicMs()]));
  }
  clock.advance(60_000);
  assertEquals(ended.map(([ms, kind]) => [ms, kind]), [20, 21, 500, 5_000, 30_000].map((ms) => [ms, "deadline"]));
  assertEquals(ended.filter(([ms, , at]) => at < ms - 1 || at > ms + 10), []);
  assertEquals([table.size, clock.nextAt()], [0, null]);
});

Deno.test("a hundred thousand asks that are answered set a handful of timers", () => {
  const clock = new CountingClock();
  const table = new AskTable(clock);
  for (let i = 0; i < 100_000; i++) {
    table.open("w", "x", i % 2 === 0 ? 30_000 : 5_000, () => {}, () => {})!.ok(null);
    if (i % 100 === 0) clock.advance(10);
  }
  assertEquals([table.size, clock.armed < 10], [0, true]);
  table.close(() => new Failure("down", "over"));
  assertEquals(clock.nextAt(), null);
});

Deno.test("an ask ends once: what comes later is ignored", () => {
  const clock = new FakeClock();
  const table = new AskTable(clock);
  const ended: unknown[] = [];
  const ask = table.open("w", "x", 10, (value) => ended.push(value), (failure) => ended.push(failure.kind))!;
  ask.ok(1);
  ask.ok(2);
  ask.fail(new Failure("down", ""));
  clock.advance(100);
  assertEquals(ended, [1]);
});

Deno.test("only the asks to a lost worker fail with it", () => {
  const table = new AskTable(new FakeClock());
  const ended: string[] = [];
  for (const worker of ["a", "b", "a"]) table.open(worker, "x", 100, () => {}, () => ended.push(worker));
  table.failWorker("a", () => new Failure("down", "gone"));
  assertEquals([ended, table.size], [["a", "a"], 1]);
});

Deno.test("asks are refused at their limit + 1", () => {
  const table = new AskTable(new FakeClock());
  for (let i = 0; i < ASKS_PENDING_MAX; i++) table.open("a", "x", 100, () => {}, () => {});
  assertEquals(table.open("a", "x", 100, () => {}, () => {}), null);
});
