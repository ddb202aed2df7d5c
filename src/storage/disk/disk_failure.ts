import { Bug, Failure } from "../../base/mod.ts";

const ENOSPC = 28;
const EDQUOT = 122;

/**
 * Names what a file or index call threw: `disk_full` when no space is left, otherwise `disk`. A Failure stays what it is.
 * Null for a defect of ours, which nobody may swallow.
 */
export function diskFailure(error: unknown): Failure | null {
  if (error instanceof Failure) return error;
  if (error instanceof Bug || error instanceof TypeError || error instanceof RangeError) return null;
  const full = isFull(error);
  return new Failure(full ? "disk_full" : "disk", full ? "no space is left on the device" : "a write or flush failed", {
    cause: error,
  });
}

/** A read that the disk refuses is a Failure; a defect of ours stays one. */
export function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw diskFailure(error) ?? error;
  }
}

function isFull(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === "ENOSPC" || code === "EDQUOT" || code === ENOSPC || code === EDQUOT) return true;
  // lmdb-js hands on the text of strerror when a commit fails.
  return typeof message === "string" && /No space left on device|Disk quota exceeded|MDB_MAP_FULL/.test(message);
}
