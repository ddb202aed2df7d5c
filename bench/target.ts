/** One server under load and what it delivered: the same measure for ours and for others. */
import { delay } from "../test/support/eventually.ts";
import type { CpuSeconds } from "./process_figures.ts";
import { type LoadOptions, type LoadResult, spawnLoad } from "./load/mod.ts";
import { runSmtpSource, type SourceLoad } from "./smtp_programs.ts";

/** Longest wait in ms for a server to deliver what it has accepted. */
const DELIVERED_MS_MAX = 120_000;
/** Distance of two looks at how much is delivered, in ms: the error of a delivered rate. */
const LOOK_AGAIN_MS = 20;

/** A server that takes mail for u0 … u99@bench.test. */
export interface Target {
  readonly name: string;
  readonly smtpPort: number;
  /** Messages in mailboxes so far, or null where an acknowledgement already means that. */
  delivered(): number | null;
  /** CPU time used so far by all its processes, or null where that cannot be seen. */
  cpu(): CpuSeconds | null;
}

/** What came of a load in the mailboxes, or at the next server. */
export interface Delivered {
  /** Acknowledged messages divided by the time from the first connection to the last message in its mailbox. */
  readonly deliveredPerSecond: number;
  /** How long deliveries went on after the last acknowledgement, in ms. */
  readonly drainMs: number;
  /** CPU of the server per delivered message in µs, or null. */
  readonly cpuUsPerMessage: number | null;
}

/** A load of our own generator, which measures replies, and its end in the mailboxes. */
export interface DeliveredLoad extends Delivered {
  readonly result: LoadResult;
}

/** Runs a load and waits until everything acknowledged is in its mailbox. Rejects when that takes too long. */
export async function deliverLoad(
  target: Target,
  options: Partial<LoadOptions>,
  parts: { processes?: number } = {},
): Promise<DeliveredLoad> {
  const before = target.delivered();
  const cpuBefore = target.cpu();
  const result = await spawnLoad({ ...options, port: target.smtpPort }, parts).result;
  const { acknowledged, elapsedMs } = result.totals;
  const drainMs = before === null ? 0 : await drained(target, before + acknowledged);
  const cpuUsPerMessage = perMessage(cpuBefore, target.cpu(), acknowledged);
  return { result, drainMs, cpuUsPerMessage, deliveredPerSecond: (acknowledged * 1_000) / (elapsedMs + drainMs) };
}

/** Runs a load of smtp-source and waits until all of it is delivered: as `deliverLoad`. */
export async function deliverSource(target: Target, load: Omit<SourceLoad, "port">): Promise<Delivered> {
  const before = target.delivered() ?? 0;
  const cpuBefore = target.cpu();
  const elapsedMs = await runSmtpSource({ ...load, port: target.smtpPort });
  const drainMs = await drained(target, before + load.count);
  const cpuUsPerMessage = perMessage(cpuBefore, target.cpu(), load.count);
  return { drainMs, cpuUsPerMessage, deliveredPerSecond: (load.count * 1_000) / (elapsedMs + drainMs) };
}

/** CPU in µs for each of `messages` between two looks, or null where there was nothing to see. */
export function perMessage(from: CpuSeconds | null, to: CpuSeconds | null, messages: number): number | null {
  if (from === null || to === null || messages === 0) return null;
  return ((to.user - from.user + to.system - from.system) * 1_000_000) / messages;
}

async function drained(target: Target, wanted: number): Promise<number> {
  const startMs = performance.now();
  while ((target.delivered() ?? wanted) < wanted) {
    if (performance.now() - startMs > DELIVERED_MS_MAX) {
      throw new Error(`${target.name} delivered ${target.delivered()} of ${wanted} messages`);
    }
    await delay(LOOK_AGAIN_MS);
  }
  return performance.now() - startMs;
}
