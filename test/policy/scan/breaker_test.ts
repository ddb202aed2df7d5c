import { assertEquals } from "@std/assert";
import { Breaker } from "../../../src/policy/scan/mod.ts";

Deno.test("a service that is not there is left alone for longer and longer, then one tries for all", () => {
  const breaker = new Breaker({ firstMs: 100, maxMs: 300 });
  let nowMs = 0;
  for (const pauseMs of [100, 200, 300, 300]) {
    assertEquals(breaker.mayTry(nowMs), true);
    breaker.failed(nowMs);
    assertEquals(breaker.mayTry(nowMs + pauseMs - 1), false);
    nowMs += pauseMs;
  }
  assertEquals([breaker.mayTry(nowMs), breaker.mayTry(nowMs)], [true, false], "one at a time");
  breaker.reached();
  assertEquals([breaker.mayTry(nowMs), breaker.mayTry(nowMs)], [true, true]);
  breaker.failed(nowMs);
  assertEquals(breaker.mayTry(nowMs + 100), true, "the pauses begin anew");
});

Deno.test("those that fail together count once", () => {
  const breaker = new Breaker({ firstMs: 100, maxMs: 10_000 });
  for (let i = 0; i < 10; i++) breaker.failed(5);
  assertEquals([breaker.mayTry(104), breaker.mayTry(105)], [false, true]);
});
