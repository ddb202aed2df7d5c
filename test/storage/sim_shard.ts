import { type Clock, seededRandom, SILENT } from "../../src/base/mod.ts";
import type { IndexColumns, StoreLimits } from "../../src/storage/mod.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { LocalLog } from "../../src/storage/shard_log.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { type SimDisk, SimIndex } from "./sim_disk.ts";

/** Opens a shard whose files and index are on a simulated disk. */
export async function openSimShard(
  disk: SimDisk,
  clock: Clock,
  limits: StoreLimits,
  columns?: IndexColumns,
): Promise<LoggedShard> {
  const state = new ShardState({
    dir: "shard",
    shard: 0,
    shardCount: 1,
    files: disk,
    log: SILENT,
    random: seededRandom(7),
    wallMs: clock.wallMs(),
    limits,
    openIndex: () => new SimIndex(disk),
  });
  const shard = new LoggedShard(state, new LocalLog(state), {
    number: 0,
    dir: "shard",
    node: "local",
    clock,
    log: SILENT,
    files: disk,
    limits,
    defer: (run) => void setImmediate(run),
    ...(columns === undefined ? {} : { columns }),
  });
  await shard.open();
  return shard;
}
