import { assertEquals, assertMatch } from "@std/assert";
import { healthOf } from "../../src/admin/methods/server.ts";
import { queueSummary } from "../../src/admin/methods/queue.ts";
import { metricsText } from "../../src/admin/metrics.ts";
import type { ControlContext } from "../../src/admin/mod.ts";
import { Failure } from "../../src/base/mod.ts";
import type { QueueProtocol, QueueSummary } from "../../src/messages/mod.ts";
import type { Ref } from "../../src/runtime/mod.ts";
import { fakeServer } from "./support.ts";

const SUMMARY: QueueSummary = {
  items: 10,
  active: 2,
  ready: 3,
  held: 1,
  bytes: 4_096,
  oldestSeconds: 60,
  suspended: [{ domain: "bob.test", until: null }],
  resting: [{ domain: "away.test", until: "2026-01-01T00:15:00.000Z", faults: 3, waiting: 3 }],
  restingCount: 2,
  attempts: { delivered: 7, deferred: 5, failed: 1 },
  commits: { count: 20, seconds: 0.25 },
  trouble: null,
};

/** A server whose queue says this of itself, or (null) nothing. */
async function withQueueThat(
  says: QueueSummary | null,
  run: (context: ControlContext) => Promise<void>,
): Promise<void> {
  await using server = await fakeServer();
  const ask = () => says === null ? Promise.reject(new Failure("down", "it is gone")) : Promise.resolve(says);
  const queue = { address: server.context.queue.address, tell: () => false, ask } as unknown as Ref<QueueProtocol>;
  await run({ ...server.context, queue });
}

Deno.test("a server is degraded when its queue does not answer or is not well", async () => {
  const verdicts: string[] = [];
  for (const says of [SUMMARY, { ...SUMMARY, trouble: "the flush failed" }, null]) {
    await withQueueThat(says, async (context) => void verdicts.push((await healthOf(context)).status));
  }
  assertEquals(verdicts, ["ok", "degraded", "degraded"]);
});

Deno.test("figures of the queue are told by state and result, and no address is in them", () =>
  withQueueThat(SUMMARY, async (context) => {
    const text = await metricsText(context);
    const lines = text.split("\n").filter((line) => /^stagepost_(queue|delivery|store)/.test(line));
    assertEquals(lines, [
      "stagepost_queue_up 1",
      'stagepost_queue_messages{state="waiting"} 4',
      'stagepost_queue_messages{state="due"} 3',
      'stagepost_queue_messages{state="active"} 2',
      'stagepost_queue_messages{state="held"} 1',
      "stagepost_queue_bytes 4096",
      "stagepost_queue_oldest_seconds 60",
      "stagepost_queue_suspended 1",
      "stagepost_queue_resting 2",
      'stagepost_delivery_attempts_total{result="delivered"} 7',
      'stagepost_delivery_attempts_total{result="deferred"} 5',
      'stagepost_delivery_attempts_total{result="failed"} 1',
      'stagepost_store_commit_seconds_sum{store="queue"} 0.25',
      'stagepost_store_commit_seconds_count{store="queue"} 20',
    ]);
    assertEquals(text.includes("bob.test"), false);
  }));

Deno.test("the summary for people names what rests, and how much more does", () => {
  const { verbs } = queueSummary as unknown as { verbs: { show(summary: QueueSummary): { lines: string[] } }[] };
  assertEquals(verbs[0]!.show({ ...SUMMARY, trouble: "no space is left" }).lines, [
    "the queue is not well: no space is left",
    "10 items (4.0 KiB), 2 being tried, 1 held, oldest 1m 0s",
    "bob.test is suspended",
    "away.test rests until 2026-01-01T00:15:00.000Z after 3 failures, 3 due items wait",
    "1 more rest",
  ]);
});

Deno.test("a queue that does not answer is told, and costs no other figure", () =>
  withQueueThat(null, async (context) => {
    const text = await metricsText(context);
    assertMatch(text, /\nstagepost_queue_up 0\n/);
    assertMatch(text, /\nstagepost_inbox_depth\{/);
    assertEquals(text.includes("stagepost_queue_messages"), false);
  }));
