import type { Log } from "../base/mod.ts";
import { acceptMoved, type DirectoryLock, lockDataDirectory, markRestored } from "../storage/mod.ts";

export type { DirectoryLock };

/**
 * Makes the data directory if there is none and takes it for this process; `restored` says that it was put back from a copy.
 * Throws Failure `locked` when another has it.
 */
export function takeDataDirectory(dir: string, { restored = false } = {}): DirectoryLock {
  const lock = lockDataDirectory(dir);
  if (restored) markRestored(dir);
  return lock;
}

/**
 * Takes the word of an operator that all the data there are were moved to this directory, which this process has taken. Rejects
 * with Failure `refused` when what lies there speaks against it.
 */
export async function dataWereMoved(dir: string, shardCount: number, log: Log): Promise<void> {
  const { shards, stoppedMs } = await acceptMoved({ dir, shardCount });
  if (stoppedMs === null) log.info("the data lie where they did: --moved changes nothing");
  else log.info("the data were moved: UIDVALIDITYs stay", { shards, stopped: new Date(stoppedMs).toISOString() });
}
