import { assertEquals } from "@std/assert";
import { FakeClock, seededRandom } from "../../src/base/mod.ts";
import { DeadlineWheel, WheelEntry } from "../../src/net/wheel.ts";

function setUp(slotsMax = 8) {
  const clock = new FakeClock();
  const wheel = new DeadlineWheel({ clock, tickMs: 100, slotsMax });
  const fired: string[] = [];
  const entry = (name: string) => new WheelEntry(() => fired.push(`${name}@${clock.monotonicMs()}`));
  return { clock, wheel, fired, entry };
}

Deno.test("a deadline fires in the tick it falls into, never early", () => {
  const { clock, wheel, fired, entry } = setUp();
  wheel.arm(entry("on the tick"), 200);
  wheel.arm(entry("past the tick"), 201);
  clock.advance(199);
  assertEquals(fired, []);
  clock.advance(1_000);
  assertEquals(fired, ["on the tick@200", "past the tick@300"]);
  assertEquals(wheel.armed, 0);
});

Deno.test("a deadline pushed back fires once, at the later time, also beyond one turn of the wheel", () => {
  const { clock, wheel, fired, entry } = setUp();
  const one = entry("one");
  wheel.arm(one, 300);
  for (let at = 100; at <= 5_000; at += 100) {
    clock.advance(100);
    wheel.arm(one, clock.monotonicMs() + 300);
  }
  assertEquals(fired, []);
  wheel.arm(one, 10_000);
  clock.advance(20_000);
  assertEquals(fired, ["one@10000"]);
});

Deno.test("a deadline pulled forward fires at the earlier time", () => {
  const { clock, wheel, fired, entry } = setUp();
  const one = entry("one");
  wheel.arm(one, 700);
  wheel.arm(one, 150);
  clock.advance(2_000);
  assertEquals(fired, ["one@200"]);
});

Deno.test("the wheel keeps no timer while nothing is armed", () => {
  const { clock, wheel, fired, entry } = setUp();
  const one = entry("one");
  const two = entry("two");
  wheel.arm(one, 500);
  wheel.arm(two, 500);
  wheel.arm(one, Infinity);
  assertEquals(wheel.armed, 1);
  wheel.arm(two, Infinity);
  assertEquals([wheel.armed, clock.nextAt()], [0, null]);
  clock.advance(5_000);
  assertEquals(fired, []);
  wheel.arm(one, 5_050);
  clock.advance(100);
  assertEquals(fired, ["one@5100"]);
});

Deno.test("an entry may arm itself and others, or disarm a neighbour, while it fires", () => {
  const { clock, wheel, fired, entry } = setUp();
  const victim = entry("victim");
  const other = entry("other");
  const self: WheelEntry = new WheelEntry(() => {
    fired.push(`self@${clock.monotonicMs()}`);
    wheel.arm(victim, Infinity);
    wheel.arm(other, clock.monotonicMs() + 50);
    if (fired.length < 3) wheel.arm(self, clock.monotonicMs() + 800);
  });
  wheel.arm(victim, 100);
  wheel.arm(self, 100);
  clock.advance(3_000);
  assertEquals(fired, ["self@100", "other@200", "self@900", "other@1000"]);
});

Deno.test("after a stall of many turns every overdue entry fires", () => {
  const clock = new FakeClock();
  let late = 0;
  // The clock jumps while the loop is blocked: the timer runs late and finds everything overdue.
  const wheel = new DeadlineWheel({
    clock: {
      wallMs: () => 0,
      monotonicMs: () => clock.monotonicMs() + late,
      after: (ms, run) => clock.after(ms, run),
    },
    tickMs: 100,
    slotsMax: 8,
  });
  let fired = 0;
  for (let i = 1; i <= 50; i++) wheel.arm(new WheelEntry(() => fired++), i * 97);
  late = 100_000;
  clock.advance(100);
  assertEquals([fired, wheel.armed], [50, 0]);
});

Deno.test("thousands of random deadlines all fire within one tick of their time (seed 7)", () => {
  const random = seededRandom(7);
  const { clock, wheel } = setUp(64);
  const late: number[] = [];
  for (let i = 0; i < 5_000; i++) {
    let due = 0;
    const entry = new WheelEntry(() => late.push(clock.monotonicMs() - due));
    for (let turn = 0; turn < 3; turn++) {
      wheel.arm(entry, due = clock.monotonicMs() + 1 + Math.floor(random.next() * 30_000));
    }
    if (i % 10 === 0) clock.advance(7);
  }
  clock.advance(60_000);
  assertEquals(late.length, 5_000);
  assertEquals(late.filter((ms) => ms < 0 || ms > 100), []);
});
