import { decodeUtf8, Failure, utf8 } from "../base/mod.ts";
import type { SegmentPosition } from "./disk/segments.ts";

/**
 * Version of everything `keys.ts`, `values.ts`, `row_block.ts`, `segments.ts` and `shard_group.ts` lay out. A change of any of
 * them raises it. Rows of version 1 are read as they are and take the new form when they are written; up to version 2 there was
 * no log: what was in the index was all there was; a header of version 3 became one of 4 while `ShardHeader.unflushed` was set; up
 * to version 4 changes of flags, copies and removals named each UID in the log, now they name ranges, and both are read. The first
 * commit to a shard says 5, so that a program that does not know the new forms, or would cut the log off, or take a gap in it for its end, refuses.
 */
export const SCHEMA_VERSION = 5;
const SCHEMA_VERSION_MIN = 1;
/** The first with a log. */
const SCHEMA_WITH_LOG = 3;

/** State of a shard beside its rows; one row of its own, written with every commit of the index. */
export interface ShardHeader {
  readonly schema: number;
  readonly shard: number;
  readonly shardCount: number;
  readonly incarnation: string;
  /** Commits of the index so far: no two rows of it are alike. */
  readonly commits: number;
  /** Number of the last record applied. The groups of the log behind `position` follow it. */
  readonly appliedSeq: number;
  /** Number of the claim under which the present owner writes; 0 before the first. */
  readonly epoch: number;
  readonly position: SegmentPosition;
  /** Since the shard was opened changes of flags may have been acknowledged before they were flushed. */
  readonly unflushed?: boolean;
  /** Process that opened the shard last, if it said so; see `MailStoreOptions.owner`. */
  readonly owner?: string;
  /** Number of the next body; never used twice. */
  readonly bodyNext: number;
  /** The epoch of mailboxes made from now on; rises when an account is purged. */
  readonly uidValidity: number;
  /** How the last owner ended, if that was in peace. It says something only as long as no commit has come after it. */
  readonly ended?: Ending;
  /** The files it was opened from last; see `Origin`. */
  readonly place?: string;
  readonly mark?: string;
  /** Age of the shard in ms of running time. */
  readonly ageMs: number;
  /** Answers kept, and the age at which the oldest of them was given (0 when none). */
  readonly opIds: number;
  readonly opIdsOldestMs: number;
}

/** The last commit of an owner that had nothing left to do. */
export interface Ending {
  /** The number of that commit. */
  readonly commits: number;
  /** Wall clock, ms. */
  readonly wallMs: number;
}

/** How the last owner ended; null when it did not end in peace, or wrote with a program that knew nothing of this. */
export function endingOf({ commits, ended }: ShardHeader): Ending | null {
  return ended?.commits === commits ? ended : null;
}

export function encodeHeader(header: ShardHeader): Uint8Array {
  return utf8(JSON.stringify(header));
}

/** Throws Failure `schema` when another version, shard or count wrote it, `corrupt` when it cannot be read. */
export function decodeHeader(stored: Uint8Array, expected: { shard: number; shardCount: number }): ShardHeader {
  const header = parse(stored);
  if (header.schema < SCHEMA_VERSION_MIN || header.schema > SCHEMA_VERSION) {
    const newer = header.schema > SCHEMA_VERSION ? "newer" : "older";
    throw new Failure(
      "schema",
      `shard ${expected.shard} has data of schema version ${header.schema}; this program reads ${SCHEMA_VERSION_MIN} to ` +
        `${SCHEMA_VERSION}. A ${newer} version of the program wrote it.`,
    );
  }
  if (header.shard !== expected.shard || header.shardCount !== expected.shardCount) {
    throw new Failure(
      "schema",
      `the data is shard ${header.shard} of ${header.shardCount}, not shard ${expected.shard} of ${expected.shardCount}; ` +
        "the number of shards is fixed when the data directory is made",
    );
  }
  return { ...header, schema: SCHEMA_VERSION, commits: header.schema < SCHEMA_WITH_LOG ? 0 : header.commits };
}

function parse(stored: Uint8Array): ShardHeader {
  try {
    const value: unknown = JSON.parse(decodeUtf8(stored) ?? "");
    if (typeof value === "object" && value !== null && "schema" in value && Number.isInteger(value.schema)) {
      return value as ShardHeader;
    }
  } catch {
    // Falls through to the failure below.
  }
  throw new Failure("corrupt", "the header row of the shard cannot be read");
}
