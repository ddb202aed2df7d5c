import { assertEquals } from "@std/assert";
import { SessionDeadlines, type SmtpTimeouts } from "../../../src/actors/listener/session_deadlines.ts";
import { FakeClock } from "../../../src/base/mod.ts";

const TIMEOUTS: SmtpTimeouts = {
  commandMsMax: 300_000,
  dataMsMax: 180_000,
  dataBytesPerSecondMin: 100,
  slowGraceMs: 30_000,
};

Deno.test("a command's deadline runs on while single bytes of it come in", () => {
  const deadlines = new SessionDeadlines(new FakeClock(), TIMEOUTS);
  assertEquals(deadlines.next("command"), 300_000);
  assertEquals(deadlines.next("command"), null, "a byte without an answer sets nothing anew");
  deadlines.answered();
  assertEquals(deadlines.next("command"), 300_000);
});

Deno.test("while a question waits for its answer, the client owes nothing", () => {
  const deadlines = new SessionDeadlines(new FakeClock(), TIMEOUTS);
  deadlines.next("command");
  assertEquals(deadlines.next("waiting"), 0);
  assertEquals(deadlines.next("command"), 300_000);
});

Deno.test("data may pause for its deadline, and must keep the minimal rate after the grace", () => {
  const clock = new FakeClock();
  const deadlines = new SessionDeadlines(clock, TIMEOUTS);
  assertEquals(deadlines.next("data"), 180_000);
  clock.advance(29_999);
  assertEquals(deadlines.keepsUp(1), true, "within the grace anything goes");
  clock.advance(1);
  assertEquals(deadlines.keepsUp(2_999), true, "3,000 bytes in 30 s is the limit");
  clock.advance(10);
  assertEquals(deadlines.keepsUp(0), false, "one byte below the limit is too slow");
});

Deno.test("bytes that drip in do not begin the grace anew", () => {
  const clock = new FakeClock();
  const deadlines = new SessionDeadlines(clock, TIMEOUTS);
  const kept: boolean[] = [];
  for (let second = 0; second < 40; second += 10) {
    assertEquals(deadlines.next("data"), 180_000);
    clock.advance(10_000);
    kept.push(deadlines.keepsUp(1));
  }
  assertEquals(kept, [true, true, false, false]);
});

Deno.test("each message has its own grace", () => {
  const clock = new FakeClock();
  const deadlines = new SessionDeadlines(clock, TIMEOUTS);
  deadlines.next("data");
  clock.advance(100_000);
  deadlines.next("waiting");
  deadlines.next("data");
  assertEquals(deadlines.keepsUp(1), true);
});
