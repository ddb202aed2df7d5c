/** One server under load and what it delivered: the same measure for ours and for others. */
import { delay } from "../test/support/eventually.ts";
import { type LoadOptions, type LoadResult, spawnLoad } from "./load/mod.ts";

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
}

/** A load and its end in the mailboxes. */
export interface DeliveredLoad {
  readonly result: LoadResult;
  /** Acknowledged messages divided by the time from the first connection to the last message in its mailbox. */
  readonly deliveredPerSecond: number;
  /** How long deliveries went on after the last acknowledgement, in ms. */
  readonly drainMs: number;
}

/** Runs a load and waits until everything acknowledged is in its mailbox. Rejects when that takes too long. */
export async function deliverLoad(
  target: Target,
  options: Partial<LoadOptions>,
  parts: { processes?: number } = {},
): Promise<DeliveredLoad> {
  const before = target.delivered();
  const result = await spawnLoad({ ...options, port: target.smtpPort }, parts).result;
  const { acknowledged, elapsedMs } = result.totals;
  const drainMs = before === null ? 0 : await drained(target, before + acknowledged);
  return { result, drainMs, deliveredPerSecond: (acknowledged * 1_000) / (elapsedMs + drainMs) };
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
