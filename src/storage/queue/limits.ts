import { DEFAULT_LIMITS, type StoreLimits } from "../limits.ts";

/** Bounds of the queue store; those of the mail store mean the same here, with the queue in place of a shard. */
export interface QueueLimits extends
  Pick<
    StoreLimits,
    | "messageBytesMax"
    | "pendingOpsMax"
    | "pendingBytesMax"
    | "groupOpsMax"
    | "groupBytesMax"
    | "segmentBytesMax"
    | "opIdMsMin"
    | "opIdsMax"
    | "freeBytesMin"
    | "indexBytesMax"
    | "compactStepBytesMax"
    | "openSegmentsMax"
    | "retryMsMin"
    | "retryMsMax"
    | "unindexedMsMax"
    | "unindexedRowsMax"
    | "unindexedBytesMax"
  > {
  /** OpIds that may be owed to the index; beyond it nothing is taken before they are there. */
  readonly unindexedOpsMax: number;
  /**
   * How long it may be put off to write down that items are done, in ms: it goes with the next group. A crash meanwhile has them
   * tried again, as one has that comes before the flush. 0: it forms a group by itself.
   */
  readonly doneWaitMsMax: number;
  /** Items of one mail. */
  readonly itemsMax: number;
  /** Recipients of one item: as many as every server has to take in a transaction (RFC 5321 §4.5.3.1.8). */
  readonly recipientsMax: number;
  /** Items in one `change`. */
  readonly changesMax: number;
  /** Attempts remembered with an item; of more the newest are kept. */
  readonly attemptsKeptMax: number;
  /** Characters of a reply, host or reason; the rest is cut off. */
  readonly noteTextMax: number;
  /** Rows one `schedule` or `itemsOf` answers. */
  readonly rowsMax: number;
  /** Destinations that are suspended. */
  readonly suspensionsMax: number;
}

export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  ...DEFAULT_LIMITS,
  // Whoever hands a mail in again does so within minutes, or hours after a stop.
  opIdMsMin: 3 * 86_400_000,
  opIdsMax: 1_000_000,
  // Most mails are delivered sooner: they never cost a row. Each checkpoint gives rows to those that are under way.
  unindexedMsMax: 3_000,
  // A checkpoint of so many rows takes some 120 ms. With fewer a busy queue would bring all its mails to the index.
  unindexedRowsMax: 5_000,
  unindexedOpsMax: 10_000,
  // What has to be read when the queue is opened after a crash.
  unindexedBytesMax: 64 * 1024 * 1024,
  doneWaitMsMax: 0,
  itemsMax: 5_000,
  recipientsMax: 100,
  changesMax: 1_000,
  attemptsKeptMax: 16,
  noteTextMax: 512,
  rowsMax: 10_000,
  suspensionsMax: 10_000,
};
