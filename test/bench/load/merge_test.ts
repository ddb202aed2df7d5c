import { assert, assertEquals, assertThrows } from "@std/assert";
import { Latency, latencyUsMax } from "../../../bench/load/histogram.ts";
import { mergeResults, splitEvenly } from "../../../bench/load/merge.ts";
import { loadOptions } from "../../../bench/load/options.ts";
import { reasonsMax, Tally } from "../../../bench/load/tally.ts";

Deno.test("Merged latencies are those that one histogram would have seen", () => {
  const [all, left, right] = [new Latency(), new Latency(), new Latency()];
  for (let ms = 1; ms <= 1_000; ms++) {
    all.record(ms / 7);
    (ms % 3 === 0 ? left : right).record(ms / 7);
  }
  const merged = new Latency();
  merged.merge(left.pack());
  merged.merge(right.pack());
  assertEquals(merged.summary(), all.summary());
  assertEquals(merged.count, 1_000);
});

Deno.test("Percentiles are right to a thousandth", () => {
  const latency = new Latency();
  for (let ms = 1; ms <= 10_000; ms++) latency.record(ms);
  const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = latency.summary();
  for (const [found, wanted] of [[p50Ms, 5_000], [p90Ms, 9_000], [p99Ms, 9_900], [p999Ms, 9_990], [maxMs, 10_000]]) {
    assert(Math.abs(found! / wanted! - 1) <= 0.001, `${found} for ${wanted}`);
  }
});

Deno.test("An empty distribution is all zeros, and out-of-range latencies are held at the ends", () => {
  const latency = new Latency();
  assertEquals(latency.summary(), { count: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 });
  latency.record(-5);
  latency.record(latencyUsMax / 1_000 + 1);
  assertEquals(latency.count, 2);
});

function run(start: { idPrefix: string; messages: number; ms: number; cpuUs: number }) {
  const tally = new Tally(loadOptions({ idPrefix: start.idPrefix, sessions: 2, ratePerSecond: 10, warmupMs: 0 }));
  tally.begin(0, { user: 0, system: 0 });
  tally.openWindow(0, { user: 0, system: 0 });
  tally.connected(1);
  for (let i = 0; i < start.messages; i++) tally.acknowledged({ intendedMs: 0, sentMs: 1, nowMs: 1 + start.ms });
  tally.failed("451 busy", true);
  tally.closeWindow(1_000, { user: start.cpuUs, system: 0 }, 3);
  return tally.result(1_100);
}

Deno.test("Results of processes side by side add up, and CPU is weighed by messages", () => {
  const merged = mergeResults([
    run({ idPrefix: "a", messages: 100, ms: 5, cpuUs: 1_000 }),
    run({ idPrefix: "b", messages: 300, ms: 9, cpuUs: 9_000 }),
  ]);
  assertEquals(merged.messagesPerSecond, 400);
  assertEquals(merged.acknowledged, 400);
  assertEquals(merged.cpuUsPerMessage.user, 25);
  assertEquals(merged.notStarted, 6);
  assertEquals(merged.totals, { acknowledged: 400, failed: 2, inDoubt: 2, elapsedMs: 1_100 });
  assertEquals(merged.errors, { "451 busy": 2 });
  assertEquals(merged.options.sessions, 4);
  assertEquals(merged.options.ratePerSecond, 20);
  assertEquals([merged.ack.p50Ms, merged.ack.count, merged.connect.count], [9.007, 400, 2]);
  assertThrows(() => mergeResults([]), RangeError);
});

Deno.test("Only what happens inside the window counts for its rate and latencies", () => {
  const tally = new Tally(loadOptions({}));
  tally.begin(0, { user: 0, system: 0 });
  tally.acknowledged({ intendedMs: 0, sentMs: 0, nowMs: 1 });
  tally.openWindow(1_000, { user: 50, system: 0 });
  tally.acknowledged({ intendedMs: 0, sentMs: 0, nowMs: 1_500 });
  tally.closeWindow(3_000, { user: 60, system: 0 }, 0);
  tally.closeWindow(9_000, { user: 99, system: 0 }, 5);
  tally.acknowledged({ intendedMs: 0, sentMs: 0, nowMs: 3_001 });
  const result = tally.result(4_000);
  assertEquals([result.acknowledged, result.messagesPerSecond, result.cpuUsPerMessage.user], [1, 0.5, 10]);
  assertEquals([result.totals.acknowledged, result.ack.count, result.notStarted], [3, 1, 0]);
});

Deno.test("Reasons of failure beyond the limit are counted together", () => {
  const tally = new Tally(loadOptions({}));
  for (let i = 0; i < reasonsMax + 5; i++) tally.failed(`reason ${i}`, false);
  tally.failed("reason 0", false);
  const { errors } = tally.result(0);
  assertEquals(Object.keys(errors).length, reasonsMax + 1);
  assertEquals([errors["reason 0"], errors["other"]], [2, 5]);
});

Deno.test("A total is split into shares that differ by one at most and add up", () => {
  for (const [total, parts] of [[10, 3], [2, 4], [0, 2], [50, 7]] as const) {
    const shares = splitEvenly(total, parts);
    assertEquals(shares.reduce((a, b) => a + b, 0), total);
    assert(Math.max(...shares) - Math.min(...shares) <= 1);
  }
});
