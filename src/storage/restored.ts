import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import type { FileSystem } from "./disk/file_system.ts";
import type { ShardHeader } from "./header.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { mailboxKey } from "./layout/keys.ts";
import { mailboxesIn } from "./mailboxes.ts";
import { decodeMailbox, encodeMailbox } from "./layout/values.ts";

const UID_VALIDITY_MAX = 0xffff_ffff;

/**
 * Which files a shard is made of. Who puts back a copy makes new ones, and so does who moves the data: both are seen by that
 * alone. What puts an older state into the same files (a snapshot of the whole machine) is not: operators say so themselves.
 */
export interface Origin {
  /** Of the index; null where files have no identity. */
  readonly place: string | null;
  /** Of the operator's word; null when there was none. */
  readonly mark: string | null;
}

/** Told to operators whose data were taken for a copy. */
export const MOVED_HINT =
  "if this is all there is of the data, moved here: stop, move them anew from where they were, and " +
  "start once with --moved";

/** Where operators say that what lies in `shards` was put back from a copy. */
function markPath(dir: string): string {
  return `${dir}/shards/restored`;
}

/** Says of all shards of a data directory, before they are opened, that they were put back from a copy. */
export function markRestored(dir: string): void {
  mkdirSync(`${dir}/shards`, { recursive: true, mode: 0o700 });
  rmSync(markPath(dir), { force: true });
  closeSync(openSync(markPath(dir), "wx", 0o600));
}

/** The files of the shard in `dir`, which is below `shards`. */
export function originOf(files: FileSystem, dir: string): Origin {
  return { place: files.identity(`${dir}/index.mdb`), mark: files.identity(markPath(`${dir}/../..`)) };
}

/** Whether the shard is known by other files than these. One that is known by none was made by an earlier program. */
export function isCopy({ place, mark }: ShardHeader, now: Origin): boolean {
  const moved = place !== undefined && now.place !== null && place !== now.place;
  return moved || (place !== undefined && now.mark !== null && mark !== now.mark);
}

/** The header of a shard known by these files. */
export function knownBy(header: ShardHeader, { place, mark }: Origin): ShardHeader {
  return { ...header, ...(place === null ? {} : { place }), ...(mark === null ? {} : { mark }) };
}

/**
 * RFC 9051 §2.3.1.1: a copy knows nothing of the UIDs that were given after it was made, and would give them again to other
 * messages. So all mailboxes get a UIDVALIDITY above all that there can have been: the seconds of the wall clock, which
 * outrun what is counted up one by one.
 */
export function renewEpochs(index: IndexEnv, header: ShardHeader, wallMs: number): ShardHeader {
  let epoch = Math.max(header.uidValidity + 1, Math.floor(wallMs / 1000));
  const held = [...mailboxesIn(index)].map(({ account, mailbox }) => {
    const key = mailboxKey(account, mailbox);
    const stored = index.get(key);
    return { key, counters: stored === undefined ? null : decodeMailbox(stored) };
  });
  for (const { counters } of held) epoch = Math.max(epoch, (counters?.uidValidity ?? 0) + 1);
  epoch = Math.min(epoch, UID_VALIDITY_MAX - 1);
  for (const { key, counters } of held) {
    if (counters !== null) index.put(key, encodeMailbox({ ...counters, uidValidity: epoch }));
  }
  // Names that had a mailbox get one of a later epoch: those that are there have this one.
  return { ...header, uidValidity: epoch + 1 };
}
