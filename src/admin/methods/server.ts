import * as z from "zod";
import { asFailure } from "../../base/mod.ts";
import { describeReload, type ReloadPlan } from "../../config/mod.ts";
import type { DirectoryStatus, QueueSummary } from "../../messages/mod.ts";
import type { ControlContext, WorkerRow } from "../control_context.ts";
import { read, type Shown, write } from "../method.ts";
import { queueSummaryOf } from "../queue_metrics.ts";
import { bytesText, durationText, said } from "./shows.ts";

export const serverInfo = read({
  name: "server.info",
  summary: "Version, host name and age of the server",
  params: {},
  run: (_params, context) => Promise.resolve(serverFacts(context)),
});

function serverFacts({ version, pid, startedAtMs, clock, config }: ControlContext) {
  return {
    version,
    hostname: config().hostname,
    node: config().node,
    pid,
    startedAt: new Date(startedAtMs).toISOString(),
    uptimeSeconds: Math.max(0, Math.round((clock.wallMs() - startedAtMs) / 1_000)),
  };
}

/** One screen of health. */
export interface Health {
  /** `ok`: everything runs; `degraded`: something is being started again or does not answer. */
  readonly status: "ok" | "degraded";
  readonly version: string;
  readonly hostname: string;
  readonly uptimeSeconds: number;
  /** Null when the directory does not answer. */
  readonly directory: DirectoryStatus | null;
  /** Null when the queue does not answer. */
  readonly queue: QueueSummary | null;
  readonly workers: readonly WorkerRow[];
  readonly listeners: readonly string[];
}

/** How long the directory may take before the server counts as degraded, in ms. */
const DIRECTORY_MS_MAX = 2_000;

/** Whether the server is healthy. */
export async function healthOf(context: ControlContext): Promise<Health> {
  let directory: DirectoryStatus | null = null;
  try {
    directory = await context.directory.ask("directory.status", null, { deadlineMs: DIRECTORY_MS_MAX });
  } catch (error) {
    if (asFailure(error) === null) throw error;
  }
  const queue = await queueSummaryOf(context);
  const workers = context.workers();
  const answering = directory !== null && queue !== null && queue.trouble === null;
  const healthy = answering && workers.every(({ state }) => state === "up");
  const { version, hostname, uptimeSeconds } = serverFacts(context);
  const listeners = context.config().listeners.map(({ service, host, port, tls }) =>
    `${service}://${host}:${port} ${tls}`
  );
  return {
    status: healthy ? "ok" : "degraded",
    version,
    hostname,
    uptimeSeconds,
    directory,
    queue,
    workers,
    listeners,
  };
}

export const health = read({
  name: "health",
  summary: "Is it healthy: workers, directory, queue, ports",
  params: {},
  verbs: [{ usage: "status", show: showHealth }],
  run: (_params, context) => healthOf(context),
});

function showHealth(health: Health): Shown {
  const { directory, queue, workers } = health;
  const down = workers.filter(({ state }) => state !== "up");
  const lines = [
    `${health.hostname}: ${health.status}, up ${durationText(health.uptimeSeconds)}, version ${health.version}`,
    directory === null
      ? "the directory does not answer"
      : `${directory.domains} domains, ${directory.accounts} accounts, ${directory.aliases} aliases`,
    queue === null ? "the queue does not answer" : queueLine(queue),
    `${workers.length - down.length} of ${workers.length} workers up${
      down.map(({ name, state }) => `, ${name} ${state}`).join("")
    }`,
    ...health.listeners,
  ];
  return { type: "lines", lines: [...lines, ...nextStep(health)] };
}

function queueLine({ items, bytes, active, held, oldestSeconds, trouble }: QueueSummary): string {
  const size = items === 0
    ? "the queue is empty"
    : `${items} items in the queue (${bytesText(bytes)}), ${active} being tried, ${held} held, oldest ${
      durationText(oldestSeconds)
    }`;
  return trouble === null ? size : `${size}; it is not well: ${trouble}`;
}

/** What an operator would do next. */
function nextStep({ status, directory, queue }: Health): string[] {
  if (queue !== null && queue.trouble !== null) return ["Next: stagepost queue summary"];
  if (status !== "ok") return ["Next: stagepost worker list"];
  if (directory?.domains === 0) return ["Next: stagepost domain add example.org"];
  if (directory?.accounts === 0) return ["Next: stagepost account add you@example.org"];
  return [];
}

export const reload = write({
  name: "reload",
  summary: "Read config and certificate anew; on an error the running ones stay",
  params: {},
  verbs: [{ usage: "reload", show: showPlan }],
  async run({ dryRun }, context): Promise<ReloadPlan> {
    if (dryRun !== true) return await context.reload();
    return describeReload(context.config(), await context.readConfig(null));
  },
});

function showPlan({ live, restart }: ReloadPlan): Shown {
  const lines = [live.length === 0 ? "nothing to apply" : `applied: ${live.join(", ")}`];
  if (restart.length > 0) lines.push(`needs a restart: ${restart.join(", ")}`);
  return { type: "lines", lines };
}

export const drain = write({
  name: "drain",
  summary: "Take no new connections and let sessions finish",
  params: {},
  async run({ dryRun }, context) {
    if (dryRun !== true) await context.drain();
    return { done: true };
  },
});

export const stop = write({
  name: "stop",
  summary: "Drain and stop the server",
  params: {},
  verbs: [{ usage: "stop", show: () => said("the server is stopping") }],
  run({ dryRun }, context) {
    if (dryRun !== true) context.stop();
    return Promise.resolve({ stopping: dryRun !== true });
  },
});

export const configGet = read({
  name: "config.get",
  summary: "The config in effect, defaults filled in",
  params: {},
  verbs: [{ usage: "config show" }],
  run: (_params, context) => Promise.resolve(context.config()),
});

export const configCheck = read({
  name: "config.check",
  summary: "Validate a config file as the server sees it; its own when none is named",
  params: { file: z.string().min(1).max(4_096).optional() },
  async run({ file }, context) {
    return { valid: true, config: await context.readConfig(file ?? null) };
  },
});
