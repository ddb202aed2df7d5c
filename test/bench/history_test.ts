import { assertEquals } from "@std/assert";
import { type BenchResult, figure } from "../../bench/figures.ts";
import { keepResult, latestResult } from "../../bench/history.ts";

function result(startedAt: string, cores = 2): BenchResult {
  return {
    startedAt,
    quick: false,
    loadAverage: 0,
    machine: { cpu: "Test", cores, memoryBytes: 1, kernel: "k", runtime: "r", commit: null },
    figures: [figure("a/b", { unit: "ms", better: "lower", rounds: [1] })],
    skipped: [],
    errors: [],
  };
}

Deno.test("History is the newest result of a like machine; damaged files and other machines are passed over", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const now = result("2026-05-01T00:00:00.000Z");
    assertEquals(latestResult(dir, now), null);
    keepResult(dir, result("2026-01-01T00:00:00.000Z"));
    keepResult(dir, result("2026-02-01T00:00:00.000Z"));
    keepResult(dir, result("2026-03-01T00:00:00.000Z", 64));
    await Deno.writeTextFile(`${dir}/2026-04-01.json`, "{ half");
    await Deno.writeTextFile(`${dir}/2026-04-02.json`, "{}");
    await Deno.writeTextFile(`${dir}/2026-04-03.json`, "null");
    assertEquals(latestResult(dir, now), result("2026-02-01T00:00:00.000Z"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("A directory that is not there holds no history", () => {
  assertEquals(latestResult("/nonexistent", result("2026-01-01T00:00:00.000Z")), null);
});
