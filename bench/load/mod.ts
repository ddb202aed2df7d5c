/**
 * An SMTP load generator: closed and open loop, latencies as HDR histograms, in processes of its own.
 * The benchmark suite and the tests may import it; it imports base only.
 * It must never share a process with the server it measures.
 */
export { type CpuUsage, type LoadResult } from "./tally.ts";
export { Latency, type LatencySummary } from "./histogram.ts";
export { LOAD_DEFAULTS, loadArgs, type LoadOptions, loadOptions, parseLoadArgs } from "./options.ts";
export { type LoadEvent, runLoad } from "./run.ts";
export { mergeResults } from "./merge.ts";
export { type SpawnedLoad, spawnLoad } from "./spawn.ts";
export { startSink } from "./sink.ts";
