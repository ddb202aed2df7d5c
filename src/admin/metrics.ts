import type { ControlContext } from "./control_context.ts";
import { listenerMetrics } from "./listener_metrics.ts";
import { queueMetrics } from "./queue_metrics.ts";

/** The server's counters in Prometheus text. Label sets are small and closed: no address ever stands in one. */
export async function metricsText(context: ControlContext): Promise<string> {
  const workers = context.workers();
  const metric = (name: string, type: "gauge" | "counter", help: string, samples: readonly string[]) =>
    samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((s) => name + s)];
  const lines = [
    ...metric("stagepost_build_info", "gauge", "Version of the program.", [`{version="${context.version}"} 1`]),
    ...metric("stagepost_start_time_seconds", "gauge", "When the server started, since 1970 UTC.", [
      ` ${context.startedAtMs / 1_000}`,
    ]),
    ...metric(
      "stagepost_worker_restarts_total",
      "counter",
      "Times a worker was started again.",
      workers.map(({ name, restarts }) => `{worker="${name}"} ${restarts}`),
    ),
    ...metric(
      "stagepost_worker_up",
      "gauge",
      "1 while a worker takes work.",
      workers.map(({ name, state }) => `{worker="${name}"} ${state === "up" ? 1 : 0}`),
    ),
    ...metric(
      "stagepost_inbox_depth",
      "gauge",
      "Messages that wait, in the fullest inbox of each kind of actor.",
      [...await inboxDepths(context)].map(([actor, depth]) => `{actor="${actor}"} ${depth}`),
    ),
    ...listenerMetrics(await context.stats()).flatMap(({ name, type, help, samples }) =>
      metric(name, type, help, samples)
    ),
    ...await queueMetrics(context),
  ];
  return `${lines.join("\n")}\n`;
}

/** By kind: `domain/smith.test` counts as `domain`. */
async function inboxDepths(context: ControlContext): Promise<Map<string, number>> {
  const depths = new Map<string, number>();
  for (const { address, inbox } of await context.actors()) {
    const kind = address.actor.split("/", 1)[0] ?? "";
    if (/^[a-z_-]{1,40}$/.test(kind)) depths.set(kind, Math.max(depths.get(kind) ?? 0, inbox));
  }
  return depths;
}
