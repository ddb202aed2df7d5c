import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/base/mod.ts";
import { isExpired, isLate, pauseMs, type RetryPolicy } from "../../src/policy/mod.ts";

const POLICY: RetryPolicy = { pausesMs: [300, 600, 1_200], lifetimeMs: 10_000, warnAfterMs: 4_000 };
const STEADY = { next: () => 0, bytes: () => new Uint8Array(0) };

Deno.test("pauses grow as the policy says, and the last one repeats", () => {
  assertEquals([1, 2, 3, 4, 99].map((attempts) => pauseMs(POLICY, attempts, STEADY)), [300, 600, 1_200, 1_200, 1_200]);
});

Deno.test("a pause is up to a tenth longer, never shorter", () => {
  const random = seededRandom(5);
  const pauses = Array.from({ length: 1_000 }, () => pauseMs(POLICY, 1, random));
  assert(pauses.every((pause) => pause >= 300 && pause <= 330));
  assert(new Set(pauses).size > 20);
});

Deno.test("mail is late and given up at the ages of the policy, not before", () => {
  assertEquals([3_999, 4_000].map((age) => isLate(POLICY, age)), [false, true]);
  assertEquals(isLate({ ...POLICY, warnAfterMs: 0 }, 1e12), false);
  assertEquals([9_999, 10_000].map((age) => isExpired(POLICY, age)), [false, true]);
});
