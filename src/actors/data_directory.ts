import { type DirectoryLock, lockDataDirectory } from "../storage/mod.ts";

export type { DirectoryLock };

/** Makes the data directory if there is none and takes it for this process. Throws Failure `locked` when another has it. */
export function takeDataDirectory(dir: string): DirectoryLock {
  return lockDataDirectory(dir);
}
