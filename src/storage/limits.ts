import { INDEX_BYTES_MAX } from "../mail/index_limit.ts";
import { ANNOTATION_VALUE_BYTES_MAX, ANNOTATIONS_PER_MESSAGE_MAX } from "../mail/message_annotation.ts";

/** Bounds of the mail store. */
export interface StoreLimits {
  /** Bytes of one message. */
  readonly messageBytesMax: number;
  /** Recipients of one delivery. */
  readonly targetsMax: number;
  /** UIDs in one expunge or flag change that names each. */
  readonly uidsMax: number;
  /** Messages in one append. */
  readonly appendMessagesMax: number;
  /** Bytes of a MIME index; a larger one is not kept. */
  readonly mimeIndexBytesMax: number;
  /** Bytes of MIME indexes in one answer; one of them may go beyond it. */
  readonly rowsIndexBytesMax: number;
  /** Names of mailboxes and subscriptions of one account. */
  readonly mailboxesMax: number;
  /** Names of an account that are remembered after their mailbox went, so that UIDVALIDITY rises from one to the next. */
  readonly formerNamesMax: number;
  /** Keywords in use in one mailbox, at most 255. */
  readonly keywordsMax: number;
  /** Annotations, or entries of an access list, of one mailbox; bytes of one; of all of one mailbox; of all of an account. */
  readonly settingsMax: number;
  readonly settingBytesMax: number;
  readonly settingsBytesMax: number;
  readonly accountSettingsBytesMax: number;
  /** Annotations of one message; bytes of one. Those of an account count among its settings. */
  readonly annotationsMax: number;
  readonly annotationBytesMax: number;
  /** Rows one `list` answers. */
  readonly listRowsMax: number;
  /** Changes that may wait for their group in one shard; beyond it `busy`. */
  readonly pendingOpsMax: number;
  /** Body bytes that may wait in one shard; beyond it `busy`. */
  readonly pendingBytesMax: number;
  /** Changes flushed together. */
  readonly groupOpsMax: number;
  /** Body bytes flushed together; one larger message makes its own group. */
  readonly groupBytesMax: number;
  /** Changes are in the log alone for no longer than this, in ms: then they are brought to the index. */
  readonly unindexedMsMax: number;
  /**
   * Changes of flags that may have been acknowledged before they are flushed, and for how long, in ms; 0: none is. Fewer than
   * `MODSEQ_JUMP`.
   */
  readonly unflushedOpsMax: number;
  readonly unflushedMsMax: number;
  /** Rows of the index and bytes of the log that may be owed to the index; beyond it nothing is taken before they are there. */
  readonly unindexedRowsMax: number;
  readonly unindexedBytesMax: number;
  /** A segment is sealed when it has grown to this. */
  readonly segmentBytesMax: number;
  /** Behind what is appended to an open segment of this size zeros are laid, which later groups overwrite. */
  readonly aheadFromBytes: number;
  /** How long the answer to an `opId` is kept, in ms. */
  readonly opIdMsMin: number;
  /** Answers kept in one shard; beyond it the oldest go before their time, with a line in the log. */
  readonly opIdsMax: number;
  /** Flag changes and expunges remembered for one mailbox. */
  readonly changeRowsMax: number;
  /** UIDs that one answer to what changed names: some ms of work. */
  readonly changedUidsMax: number;
  /** Deliveries are refused when less space would be left on the device. */
  readonly freeBytesMin: number;
  /** Deliveries are refused when the index file of a shard has grown to this. */
  readonly indexBytesMax: number;
  /** Bodies copied in one step of compaction. */
  readonly compactStepBytesMax: number;
  /** Open segment files kept for reading. */
  readonly openSegmentsMax: number;
  /** Bodies remembered as checked, so that a fetch by ranges reads them whole once. */
  readonly checkedBodiesMax: number;
  /** First and longest pause before a failed disk is tried again, in ms. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

const MB = 1024 * 1024;

export const DEFAULT_LIMITS: StoreLimits = {
  messageBytesMax: 256 * MB,
  targetsMax: 10_000,
  uidsMax: 100_000,
  appendMessagesMax: 1_000,
  mimeIndexBytesMax: INDEX_BYTES_MAX,
  rowsIndexBytesMax: 4 * MB,
  mailboxesMax: 5_000,
  formerNamesMax: 200,
  keywordsMax: 255,
  settingsMax: 100,
  settingBytesMax: 64 * 1024,
  settingsBytesMax: 256 * 1024,
  accountSettingsBytesMax: 4 * MB,
  annotationsMax: ANNOTATIONS_PER_MESSAGE_MAX,
  annotationBytesMax: ANNOTATION_VALUE_BYTES_MAX,
  listRowsMax: 10_000,
  pendingOpsMax: 10_000,
  pendingBytesMax: 512 * MB,
  groupOpsMax: 1_024,
  groupBytesMax: 16 * MB,
  // After so long without a change a shard is read from its index alone.
  unindexedMsMax: 3_000,
  // Some 1,300 deliveries. Fewer would write the pages of a mailbox more often, more would stop the shard for longer.
  unindexedRowsMax: 4_000,
  // What has to be read, and written once more, when a shard is opened after a crash.
  unindexedBytesMax: 16 * MB,
  unflushedOpsMax: 0,
  unflushedMsMax: 500,
  segmentBytesMax: 128 * MB,
  aheadFromBytes: 64 * 1024,
  opIdMsMin: 7 * 86_400_000,
  opIdsMax: 5_000_000,
  changeRowsMax: 10_000,
  changedUidsMax: 20_000,
  freeBytesMin: 64 * MB,
  indexBytesMax: 48 * 1024 * MB,
  compactStepBytesMax: MB,
  openSegmentsMax: 16,
  checkedBodiesMax: 256,
  retryMsMin: 100,
  retryMsMax: 5_000,
};

/** Segments that a device should have room for, and the least size of one. */
const SEGMENTS_A_DEVICE = 256;
const SEGMENT_BYTES_MIN = 4 * MB;

/**
 * Compaction needs room for what still lives in a segment, and gives back whole segments: on a small device many small ones
 * let it begin when little room is left.
 */
export function fittedLimits<L extends { readonly segmentBytesMax: number }>(limits: L, device: number | null): L {
  if (device === null) return limits;
  const fitting = Math.max(SEGMENT_BYTES_MIN, Math.floor(device / SEGMENTS_A_DEVICE));
  return { ...limits, segmentBytesMax: Math.min(limits.segmentBytesMax, fitting) };
}
