import { type DirectoryLock, lockDataDirectory, markRestored } from "../storage/mod.ts";

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
