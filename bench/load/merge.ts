import { Latency } from "./histogram.ts";
import type { LoadResult } from "./tally.ts";

/** The results of processes that ran the same load side by side as one: sums, and distributions put together. */
export function mergeResults(results: readonly LoadResult[]): LoadResult {
  const first = results[0];
  if (first === undefined) throw new RangeError("nothing to merge");
  if (results.length === 1) return first;
  const sum = (pick: (result: LoadResult) => number) => results.reduce((total, result) => total + pick(result), 0);
  const longest = (pick: (result: LoadResult) => number) => Math.max(...results.map(pick));
  const acknowledged = sum((result) => result.acknowledged);
  // Each process's share weighs by its messages: the quotient of the sums is what one message cost.
  const cpu = (pick: (result: LoadResult) => number) =>
    acknowledged === 0 ? 0 : sum((result) => pick(result) * result.acknowledged) / acknowledged;
  const [ack, transaction, connect] = (["ack", "transaction", "connect"] as const).map((name) => {
    const all = new Latency();
    for (const result of results) all.merge(result.packed[name]);
    return all;
  }) as [Latency, Latency, Latency];
  const errors: Record<string, number> = {};
  for (const result of results) {
    for (const [reason, count] of Object.entries(result.errors)) errors[reason] = (errors[reason] ?? 0) + count;
  }
  const rate = first.options.ratePerSecond;
  return {
    options: {
      ...first.options,
      sessions: sum((result) => result.options.sessions),
      countMax: sum((result) => result.options.countMax),
      ratePerSecond: rate === null ? null : sum((result) => result.options.ratePerSecond ?? 0),
    },
    windowMs: longest((result) => result.windowMs),
    acknowledged,
    messagesPerSecond: sum((result) => result.messagesPerSecond),
    ack: ack.summary(),
    transaction: transaction.summary(),
    connect: connect.summary(),
    cpuUsPerMessage: {
      user: cpu((result) => result.cpuUsPerMessage.user),
      system: cpu((result) => result.cpuUsPerMessage.system),
    },
    notStarted: sum((result) => result.notStarted),
    totals: {
      acknowledged: sum((result) => result.totals.acknowledged),
      failed: sum((result) => result.totals.failed),
      inDoubt: sum((result) => result.totals.inDoubt),
      elapsedMs: longest((result) => result.totals.elapsedMs),
    },
    errors,
    packed: { ack: ack.pack(), transaction: transaction.pack(), connect: connect.pack() },
  };
}

/** `total` in `parts` whole numbers that differ by one at most. */
export function splitEvenly(total: number, parts: number): number[] {
  return Array.from(
    { length: parts },
    (_, i) => Math.floor(((i + 1) * total) / parts) - Math.floor((i * total) / parts),
  );
}
