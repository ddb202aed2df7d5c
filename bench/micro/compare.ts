/** Sets two or more pieces of code side by side in one process, in turn, so that their ratio counts. */
import { Bench } from "tinybench";

/** One piece of code. */
export interface Arm {
  readonly name: string;
  /** What is done over and over; a promise is awaited. */
  readonly run: () => unknown;
  /** How many operations one call of `run` is (default 1): what takes less than a microsecond is done in batches. */
  readonly operations?: number;
}

/** How long and how often. */
export interface Effort {
  readonly rounds: number;
  /** Time of one arm in one round, in ms. */
  readonly roundMs: number;
}

/** The effort of a usual and of a quick run. */
export function effort(quick: boolean): Effort {
  return quick ? { rounds: 2, roundMs: 120 } : { rounds: 5, roundMs: 400 };
}

/** Median time of one operation in µs, by arm and round; the arms take turns (A B A B …). */
export async function compare(arms: readonly Arm[], { rounds, roundMs }: Effort): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>(arms.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const arm of arms) found.get(arm.name)!.push(await measure(arm, { roundMs, warmUp: round === 0 }));
  }
  return found;
}

async function measure(arm: Arm, options: { roundMs: number; warmUp: boolean }): Promise<number> {
  const warmupTime = options.warmUp ? options.roundMs / 2 : 5;
  const bench = new Bench({ time: options.roundMs, warmupTime, iterations: 5, warmupIterations: 2, throws: true });
  // tinybench looks at what the function returns to decide whether it is asynchronous.
  bench.add(arm.name, arm.run);
  await bench.run();
  const result = bench.tasks[0]?.result;
  if (result?.state !== "completed") throw new Error(`${arm.name} was not measured`);
  return (result.latency.p50 * 1_000) / (arm.operations ?? 1);
}
