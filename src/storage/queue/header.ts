import { decodeUtf8, Failure, utf8 } from "../../base/mod.ts";
import type { OpCounts } from "../op_book.ts";
import type { StoreHeader } from "../disk/store_files.ts";

/** Version of everything the files of this folder lay out. A change of any of them raises it. */
export const QUEUE_SCHEMA_VERSION = 2;
/** It had no log: what was in the index was all there was. Read as one whose log is empty. */
const SCHEMA_WITHOUT_LOG = 1;

/** State of the queue beside its rows; one row of its own, written with every commit. */
export interface QueueHeader extends StoreHeader, OpCounts {
  readonly store: "queue";
  readonly schema: number;
  /** Random, made once: marks the groups of this queue's log, see `LogGroup`. */
  readonly stamp: string;
  /** Number of the last group of the log that the index has. The groups behind `position` follow it. */
  readonly logSeq: number;
  /** Rises with every owner. */
  readonly epoch: number;
  /** Commits made so far: no two headers are alike. */
  readonly commits: number;
  /** Numbers of the next mail and the next item; never used twice. */
  readonly messageNext: number;
  readonly itemNext: number;
  readonly messages: number;
  readonly items: number;
  /** Bytes of all mails. */
  readonly bytes: number;
  /** Destinations that are suspended. */
  readonly suspensions: number;
  /** Queue time and wall-clock time of the last commit, ms. */
  readonly timeMs: number;
  readonly wallMs: number;
}

export function encodeQueueHeader(header: QueueHeader): Uint8Array {
  return utf8(JSON.stringify(header));
}

/** `stamp`: for a queue that has none yet. Throws Failure `schema` when another version or another store wrote it, `corrupt` when it cannot be read. */
export function decodeQueueHeader(stored: Uint8Array, stamp: string): QueueHeader {
  const header = parse(stored);
  if (header.store !== "queue") {
    throw new Failure("schema", "the data in the directory of the queue is another store's");
  }
  if (header.schema === SCHEMA_WITHOUT_LOG) {
    return { ...header, schema: QUEUE_SCHEMA_VERSION, stamp, logSeq: 0, epoch: 0 };
  }
  if (header.schema !== QUEUE_SCHEMA_VERSION) {
    const newer = header.schema > QUEUE_SCHEMA_VERSION ? "newer" : "older";
    throw new Failure(
      "schema",
      `the queue has data of schema version ${header.schema}; this program reads ${QUEUE_SCHEMA_VERSION}. ` +
        `A ${newer} version of the program wrote it.`,
    );
  }
  return header;
}

function parse(stored: Uint8Array): QueueHeader {
  try {
    const value: unknown = JSON.parse(decodeUtf8(stored) ?? "");
    if (typeof value === "object" && value !== null && "schema" in value && Number.isInteger(value.schema)) {
      return value as QueueHeader;
    }
  } catch {
    // Falls through to the failure below.
  }
  throw new Failure("corrupt", "the header row of the queue cannot be read");
}
