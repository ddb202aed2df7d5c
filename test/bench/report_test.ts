import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type BenchResult, figure, median } from "../../bench/figures.ts";
import { isComparable } from "../../bench/history.ts";
import { hasProc, parseStat, treeCpu } from "../../bench/process_figures.ts";
import { perMessage } from "../../bench/target.ts";
import { change, markdownReport, number, terminalReport } from "../../bench/report.ts";

const MACHINE = {
  cpu: "Test CPU",
  cores: 2,
  memoryBytes: 4 * 1_073_741_824,
  kernel: "Linux 6",
  runtime: "Deno 2",
  commit: "abc",
};

function result(rate: number, extra: Partial<BenchResult> = {}): BenchResult {
  return {
    startedAt: "2026-01-01T00:00:00.000Z",
    quick: false,
    loadAverage: 0.5,
    machine: MACHINE,
    figures: [
      figure("e2e/4KB rate", { unit: "msg/s", better: "higher", rounds: [rate - 10, rate, rate + 10] }, {
        name: "peer",
        rounds: [100, 110, 90],
      }),
      figure("e2e/4KB ack p99", { unit: "ms", better: "lower", rounds: [4] }),
    ],
    skipped: [],
    errors: [],
    ...extra,
  };
}

Deno.test("The median is the middle value, or the mean of the two in the middle", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])], [2, 2.5, 7]);
  assert(Number.isNaN(median([])));
});

Deno.test("A reference gives the ratio of the medians", () => {
  assertEquals(result(1_000).figures[0]!.reference, { name: "peer", rounds: [100, 110, 90], median: 100, ratio: 10 });
});

Deno.test("Numbers show three significant digits", () => {
  assertEquals([0, 0.01234, 1.234, 12.34, 123.4, 1_234, 1_234_567, NaN].map(number), [
    "0",
    "0.0123",
    "1.23",
    "12.3",
    "123",
    "1,234",
    "1,234,567",
    "–",
  ]);
});

Deno.test("A change says whether it is good, by the direction of its figure, and small ones are noise", () => {
  const higher = (value: number) => figure("a", { unit: "msg/s", better: "higher", rounds: [value] });
  const lower = (value: number) => figure("a", { unit: "ms", better: "lower", rounds: [value] });
  assertEquals(change(higher(120), higher(100)), "+20 % better");
  assertEquals(change(higher(80), higher(100)), "−20 % worse");
  assertEquals(change(lower(120), lower(100)), "+20 % worse");
  assertEquals(change(lower(80), lower(100)), "−20 % better");
  assertEquals([change(lower(104), lower(100)), change(lower(1), undefined), change(lower(1), higher(1))], [
    "same",
    "",
    "",
  ]);
});

Deno.test("The reports name every figure, its reference, what was skipped and what was wrong", () => {
  const now = result(1_000, { skipped: ["peers: not installed"], errors: ["3 of 100 messages are missing"] });
  for (const text of [terminalReport(now, result(500)), markdownReport(now, result(500))]) {
    assertStringIncludes(text, "e2e/4KB rate");
    assertStringIncludes(text, "10.0×");
    assertStringIncludes(text, "990 … 1,010");
    assertStringIncludes(text, "+100 % better");
    assertStringIncludes(text, "skipped: peers: not installed");
    assertStringIncludes(text, "WRONG: 3 of 100 messages are missing");
    assertStringIncludes(text, "Test CPU, 2 cores, 4 GB");
    assertStringIncludes(text, "load 0.500 before");
  }
  assertStringIncludes(markdownReport(now, null), "| figure | median |");
});

Deno.test("Only results of like machines and like length are set side by side", () => {
  assert(isComparable(result(1), result(2)));
  assert(!isComparable(result(1), result(1, { quick: true })));
  assert(!isComparable(result(1), result(1, { machine: { ...MACHINE, cores: 8 } })));
});

Deno.test("CPU times are read past a process name with spaces and parentheses", () => {
  const line = "42 (a) b (c) S 1 42 42 0 -1 4194304 100 0 0 0 250 75 0 0 20 0 8 0 12345 1 2";
  assertEquals(parseStat(line), { user: 2.5, system: 0.75 });
  assertEquals(parseStat(line.replace(" 250 75 0 0 ", " 250 75 4 8 "), { children: true }), {
    user: 0.04,
    system: 0.08,
  });
});

Deno.test(
  "The CPU time of a tree holds that of children which live and of those which ended",
  { ignore: !hasProc() },
  async () => {
    const busy = ["eval", "for (const end = Date.now() + 200; Date.now() < end;);"];
    const before = treeCpu([Deno.pid]);
    await new Deno.Command(Deno.execPath(), { args: busy, stdout: "null" }).output();
    const after = treeCpu([Deno.pid]);
    assert(after.user - before.user >= 0.05, `${after.user} after ${before.user}`);
  },
);

Deno.test("CPU per message is unknown without two looks or without messages", () => {
  const [from, to] = [{ user: 1, system: 1 }, { user: 1.5, system: 2.5 }];
  assertEquals([perMessage(from, to, 1_000), perMessage(null, to, 1), perMessage(from, to, 0)], [2_000, null, null]);
});
