import { assertEquals, assertRejects } from "@std/assert";
import { inTurns } from "../../src/actors/in_turns.ts";
import { FakeClock } from "../../src/base/mod.ts";
import { settle } from "../runtime/support/system.ts";

function* steps(count: number, noted: string[]): Generator<void, string> {
  for (let i = 1; i <= count; i++) {
    noted.push(`step ${i}`);
    if (i < count) yield;
  }
  return "done";
}

Deno.test("work of one step is done at once, without a turn for anybody else", () => {
  assertEquals(inTurns(steps(1, []), new FakeClock()), "done");
});

Deno.test("between two steps of longer work others have their turn", async () => {
  const clock = new FakeClock();
  const noted: string[] = [];
  const work = inTurns(steps(3, noted), clock);
  for (const other of ["first", "second"]) {
    await settle();
    clock.after(0, () => noted.push(other));
    clock.advance(0);
  }
  await settle();
  clock.advance(0);
  assertEquals(await work, "done");
  assertEquals(noted, ["step 1", "first", "step 2", "second", "step 3"]);
});

Deno.test("work that fails in a later step rejects, and leaves no turn behind", async () => {
  const clock = new FakeClock();
  function* failing(): Generator<void, string> {
    yield;
    throw new Error("broken");
  }
  const rejected = assertRejects(async () => await inTurns(failing(), clock), Error, "broken");
  clock.advance(0);
  await rejected;
  assertEquals(clock.nextAt(), null);
});
