import { asFailure } from "../base/mod.ts";
import type { QueueSummary } from "../messages/mod.ts";
import type { ControlContext } from "./control_context.ts";

/** How long the queue may take before it counts as away, in ms. */
const QUEUE_MS_MAX = 2_000;

/** Figures of the queue; null when it does not answer. */
export async function queueSummaryOf({ queue }: ControlContext): Promise<QueueSummary | null> {
  try {
    return await queue.ask("queue.summary", null, { deadlineMs: QUEUE_MS_MAX });
  } catch (error) {
    if (asFailure(error) === null) throw error;
    return null;
  }
}

function metric(name: string, type: "gauge" | "counter", help: string, samples: Readonly<Record<string, number>>) {
  const lines = Object.entries(samples).map(([labels, value]) => `${name}${labels} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

/** The queue and what attempts came to, in Prometheus text; only that it does not answer when it does not. */
export async function queueMetrics(context: ControlContext): Promise<readonly string[]> {
  const summary = await queueSummaryOf(context);
  const well = summary !== null && summary.trouble === null ? 1 : 0;
  const health = metric("stagepost_queue_up", "gauge", "1 while the queue answers and nothing is wrong with it.", {
    "": well,
  });
  if (summary === null) return health;
  const { items, active, ready, held, bytes, oldestSeconds, suspended, restingCount, attempts, commits } = summary;
  const waiting = Math.max(0, items - active - ready - held);
  const results = Object.entries(attempts).map(([result, count]) => [`{result="${result}"}`, count]);
  const commitSeconds = "stagepost_store_commit_seconds";
  return [
    ...health,
    ...metric("stagepost_queue_messages", "gauge", "Mails by destination that wait for other servers.", {
      '{state="waiting"}': waiting,
      '{state="due"}': ready,
      '{state="active"}': active,
      '{state="held"}': held,
    }),
    ...metric("stagepost_queue_bytes", "gauge", "Bytes of the mails in the queue.", { "": bytes }),
    ...metric("stagepost_queue_oldest_seconds", "gauge", "Age of the oldest mail in the queue.", { "": oldestSeconds }),
    ...metric("stagepost_queue_suspended", "gauge", "Domains that an operator has suspended.", {
      "": suspended.length,
    }),
    ...metric(
      "stagepost_queue_resting",
      "gauge",
      "Domains that are left alone for a while as they could not be reached.",
      {
        "": restingCount,
      },
    ),
    ...metric(
      "stagepost_delivery_attempts_total",
      "counter",
      "Recipients by how an attempt ended.",
      Object.fromEntries(results),
    ),
    `# HELP ${commitSeconds} Time until a change was durable.`,
    `# TYPE ${commitSeconds} summary`,
    `${commitSeconds}_sum{store="queue"} ${commits.seconds}`,
    `${commitSeconds}_count{store="queue"} ${commits.count}`,
  ];
}
