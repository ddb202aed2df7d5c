import { assert, assertEquals } from "@std/assert";
import { RateLimits, Strikes, TokenBuckets } from "../../src/policy/mod.ts";
import { NO_RATES } from "../support/no_rates.ts";

const MINUTE_MS = 60_000;

/** How many of `tries` were granted. */
function granted(tries: number, take: () => boolean): number {
  return Array.from({ length: tries }, take).filter((ok) => ok).length;
}

Deno.test("a full bucket gives its limit and not one more", () => {
  const buckets = new TokenBuckets({ tokensMax: 5, windowMs: MINUTE_MS, keysMax: 10 });
  assertEquals(granted(5, () => buckets.take("a", 0)), 5);
  assert(!buckets.has("a", 0));
  assert(!buckets.take("a", 0));
  assert(buckets.take("b", 0), "another key has its own");
});

Deno.test("an empty bucket fills steadily, and never beyond its limit", () => {
  const buckets = new TokenBuckets({ tokensMax: 6, windowMs: MINUTE_MS, keysMax: 10 });
  assertEquals(granted(10, () => buckets.take("a", 0)), 6);
  assert(!buckets.take("a", 9_999));
  assert(buckets.take("a", 10_000), "a sixth of a minute is one token");
  assertEquals(granted(10, () => buckets.take("a", 10_000)), 0);
  assertEquals(granted(100, () => buckets.take("a", 100 * MINUTE_MS)), 6);
});

Deno.test("a bucket of 0 is no limit and remembers nobody", () => {
  const buckets = new TokenBuckets({ tokensMax: 0, windowMs: MINUTE_MS, keysMax: 10 });
  assertEquals(granted(1_000, () => buckets.take("a", 0)), 1_000);
  assertEquals(buckets.size, 0);
});

Deno.test("keys are bounded: the one unused for longest is forgotten, one that is refused again and again is not", () => {
  const buckets = new TokenBuckets({ tokensMax: 1, windowMs: MINUTE_MS, keysMax: 3 });
  assert(buckets.take("guesser", 0));
  assert(buckets.take("old", 0));
  for (let i = 0; i < 10; i++) {
    assert(!buckets.take("guesser", 0));
    assert(buckets.take(`other ${i}`, 0));
    assert(buckets.size <= 3);
  }
  assert(!buckets.has("guesser", 0));
  assert(buckets.has("old", 0), "forgotten is forgiven");
});

Deno.test("a clock that goes back neither gives nor takes", () => {
  const buckets = new TokenBuckets({ tokensMax: 2, windowMs: MINUTE_MS, keysMax: 3 });
  assert(buckets.take("a", 50_000));
  assert(buckets.take("a", 10_000));
  assert(!buckets.take("a", 10_000));
});

Deno.test("each kind is counted for itself, at its limit and one beyond", () => {
  const origin = { site: "192.0.2.1/32", network: "192.0.2.0/24" };
  const config = {
    ...NO_RATES,
    connectionsPerMinute: 2,
    messagesPerMinute: 3,
    recipientsPerMinute: 4,
    errorsPerMinute: 5,
  };
  const limits = new RateLimits(config);
  const wanted = { connections: 2, messages: 3, recipients: 4, errors: 5 } as const;
  for (const [kind, limit] of Object.entries(wanted) as [keyof typeof wanted, number][]) {
    assertEquals(granted(limit, () => limits.take(kind, origin, 0)), limit, kind);
    assert(!limits.has(kind, origin, 0), kind);
    assert(!limits.take(kind, origin, 0), kind);
    assertEquals(granted(99, () => limits.take(kind, origin, MINUTE_MS)), limit, `${kind} after a minute`);
  }
});

Deno.test("a network has a limit of its own, a multiple of an address's", () => {
  const limits = new RateLimits({ ...NO_RATES, connectionsPerMinute: 2, networkFactor: 3 });
  const at = (host: number) => ({ site: `192.0.2.${host}/32`, network: "192.0.2.0/24" });
  const all = Array.from({ length: 10 }, (_, host) => granted(3, () => limits.take("connections", at(host), 0)));
  assertEquals(all, [2, 2, 2, 0, 0, 0, 0, 0, 0, 0]);
  assert(limits.take("connections", { site: "198.51.100.1/32", network: "198.51.100.0/24" }, 0));
});

Deno.test("an account has its hourly limits, at the limit and one beyond", () => {
  const limits = new RateLimits({ ...NO_RATES, accountMessagesPerHour: 2, accountRecipientsPerHour: 3 });
  assertEquals(granted(9, () => limits.accountTake("messages", "a", 0)), 2);
  assertEquals(granted(9, () => limits.accountTake("recipients", "a", 0)), 3);
  assert(!limits.accountHas("messages", "a", 0));
  assert(limits.accountHas("messages", "b", 0));
  assert(!limits.accountTake("messages", "a", 1_799_999));
  assert(limits.accountTake("messages", "a", 1_800_000), "half an hour is one of two");
});

Deno.test("so many failed logins within the window are a ban, one fewer is none", () => {
  const strikes = new Strikes({ strikesMax: 3, windowMs: MINUTE_MS });
  assertEquals([0, 1, 2].map((ms) => strikes.failed("a", ms)), [false, false, true]);
  assertEquals([3, 4, 5].map((ms) => strikes.failed("a", ms)), [false, false, true], "counted anew");
  assertEquals([0, 1].map((ms) => strikes.failed("b", ms)), [false, false]);
  assert(!strikes.failed("b", MINUTE_MS), "the first one is too old by then");
  assert(strikes.failed("b", MINUTE_MS), "but the second one was not");
  const never = new Strikes({ strikesMax: 0, windowMs: MINUTE_MS });
  assertEquals(granted(100, () => never.failed("a", 0)), 0);
});
