import { Failure } from "../base/mod.ts";
import { type FileSystem, nodeFiles } from "./disk/file_system.ts";
import { decodeHeader, encodeHeader, endingOf, type ShardHeader } from "./header.ts";
import { LmdbIndex } from "./disk/index_env.ts";
import { allSegments, HEADER_KEY, readSegmentKey } from "./layout/keys.ts";
import { shardDirectory } from "./mail_store.ts";
import { isCopy, knownBy, originOf } from "./restored.ts";
import { Segments } from "./disk/segments.ts";
import { decodeSegmentUse } from "./layout/values.ts";

export interface MovedOptions {
  /** The data directory. */
  readonly dir: string;
  readonly shardCount: number;
  /** By default the machine's. */
  readonly files?: FileSystem;
}

/** What came of an operator's word that the data were moved. */
export interface Moved {
  /** Shards that are known by their new files now. */
  readonly shards: number;
  /** When the data were stopped last in the old place, wall clock in ms; null when nothing had moved. */
  readonly stoppedMs: number | null;
}

/**
 * Takes the shards of a data directory, none of which is open, for the only ones there are, complete and as they were left: they
 * are known by the files they are in now, and no UIDVALIDITY changes. What was copied while it was written, or before, may lack
 * mail whose UIDs were told already; so the last owner of each shard must have ended in peace, with no commit after that. What
 * cannot be seen is a whole copy of an earlier end: the word is the operator's, and the time is answered. All shards are looked
 * at before one is changed. Rejects with Failure `refused` that says what to do, `schema`, or `corrupt`.
 */
export async function acceptMoved({ dir, shardCount, files = nodeFiles() }: MovedOptions): Promise<Moved> {
  const all = Array.from(
    { length: shardCount },
    (_, shard) => ({ shard, shardCount, files, dir: shardDirectory(dir, shard) }),
  );
  const moved: Place[] = [];
  let stoppedMs: number | null = null;
  for (const place of all) {
    const endedMs = await within(place, (index, header) => movedSince(index, header, place));
    if (endedMs === null) continue;
    moved.push(place);
    stoppedMs = Math.max(stoppedMs ?? 0, endedMs);
  }
  for (const place of moved) await within(place, (index, header) => know(index, header, place));
  return { shards: moved.length, stoppedMs };
}

/** Where a shard lies. */
interface Place {
  readonly shard: number;
  readonly shardCount: number;
  readonly files: FileSystem;
  readonly dir: string;
}

/** Runs `look` with the index of a shard and its header. */
async function within<T>(place: Place, look: (index: LmdbIndex, header: ShardHeader) => T): Promise<T> {
  const path = `${place.dir}/index.mdb`;
  const bytes = place.files.fileBytes(path);
  if (bytes === null) throw refused(place, "is not there: the data are not whole");
  const index = new LmdbIndex(path, place.files);
  try {
    // LMDB would end the process with SIGBUS where a page is that the file has not got.
    if (index.usedBytes() > bytes) throw refused(place, "has a part of its index only");
    const stored = index.get(HEADER_KEY);
    if (stored === undefined) throw refused(place, "has no header: the data are not whole");
    return look(index, decodeHeader(stored, place));
  } finally {
    index.close();
    await index.gone();
  }
}

/** When the shard was stopped before it was moved, wall clock in ms; null when it lies where it did. */
function movedSince(index: LmdbIndex, header: ShardHeader, place: Place): number | null {
  const { dir, files } = place;
  if (!isCopy(header, originOf(files, dir))) return null;
  const ending = endingOf(header);
  if (ending === null) {
    throw refused(
      place,
      "was not stopped in peace before it was copied, so there may be more of it: start it once where it " +
        "was, stop it, and copy it again",
    );
  }
  const { position } = header;
  const segments = new Segments(`${dir}/segments`, files, { segmentBytesMax: Infinity, openSegmentsMax: 1 }, position);
  const wanted = index.range({ ...allSegments(), limit: Infinity }).map(({ key, value }) => ({
    segment: readSegmentKey(key),
    bytes: decodeSegmentUse(value).bytes,
  }));
  if (position.segment !== 0) wanted.push({ segment: position.segment, bytes: position.offset });
  for (const { segment, bytes } of wanted) {
    if ((segments.bytesOf(segment) ?? -1) < bytes) {
      throw refused(place, `lacks mail: ${segments.path(segment)} is not whole`);
    }
  }
  return ending.wallMs;
}

/** The commit is one more, after which it has still ended in peace. */
function know(index: LmdbIndex, header: ShardHeader, { dir, files }: Place): void {
  const commits = header.commits + 1;
  const ended = header.ended === undefined ? {} : { ended: { ...header.ended, commits } };
  index.commit(() =>
    index.put(HEADER_KEY, encodeHeader({ ...knownBy(header, originOf(files, dir)), commits, ...ended }))
  );
}

function refused({ shard }: Place, why: string): Failure {
  return new Failure("refused", `--moved: shard ${shard} ${why}`);
}
