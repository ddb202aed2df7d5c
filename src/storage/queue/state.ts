import { Failure, type Log, type Random, randomId } from "../../base/mod.ts";
import type { Compactable } from "../disk/compact.ts";
import { diskFailure } from "../disk/disk_failure.ts";
import type { FileSystem } from "../disk/file_system.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { appendGroup, groupRecord, readTail } from "../disk/log_tail.ts";
import type { BodyRecord, PlacedBody, SegmentPosition, Segments } from "../disk/segments.ts";
import { StoreFiles } from "../disk/store_files.ts";
import { QueueApplier } from "./apply.ts";
import { QueueDelta, type QueueStep } from "./delta.ts";
import { decodeQueueHeader, encodeQueueHeader, QUEUE_SCHEMA_VERSION, type QueueHeader } from "./header.ts";
import type { QueueLimits } from "./limits.ts";
import { encodeGroup, QUEUE_LOG } from "./log_group.ts";

export interface QueueStateOptions {
  readonly dir: string;
  readonly files: FileSystem;
  readonly log: Log;
  readonly random: Random;
  readonly limits: QueueLimits;
  /** Wall clock when the queue is made, ms. */
  readonly wallMs: number;
  readonly owner?: string;
  readonly openIndex?: (path: string) => IndexEnv;
}

/** When something is written down: queue time and wall clock, ms. */
export interface Moment {
  readonly timeMs: number;
  readonly wallMs: number;
}

/** What becomes durable together: the steps of a group, and the bodies of its mails in their order. */
export interface Logged {
  readonly steps: readonly QueueStep[];
  readonly bodies: readonly BodyRecord[];
}

/** What checkpoints did. */
export interface Folded {
  /** Whether bodies are dead now, so that segments may be worth compacting. */
  readonly freed: boolean;
  readonly forgottenEarly: number;
}

/** Space the index may need for a checkpoint, beside that for its rows. */
const CHECKPOINT_BYTES = 256 * 1024;
/** The most that is laid ready in the index for one checkpoint. */
const RESERVE_BYTES_MAX = 128 * 1024 * 1024;
/** Told to operators while a checkpoint cannot be made. */
const INDEX_FULL = "no space is left for the index of the queue: its log grows until there is";

/**
 * The files of the queue and what they hold. The open segment is the log: a group is durable when its bodies and its record
 * are flushed there, and is kept in memory above the index until a checkpoint brings all of that to the index, in one
 * transaction that moves the committed position of the segment along. Opening reads the log from that position on, which is
 * always in the last segment: a new one begins with a checkpoint.
 */
export class QueueState implements Compactable {
  readonly #files: StoreFiles<QueueHeader>;
  #delta: QueueDelta;
  /** Number and moment of the last group. */
  #seq = 0;
  #last: Moment;
  /** Queue time of the first group that no checkpoint has, ms; null when there is none. */
  #owedSinceMs: number | null = null;
  #indexFull: Failure | null = null;
  /** The header's, once this owner has claimed the queue. */
  #epoch: number | null = null;
  #folded: Folded = { freed: false, forgottenEarly: 0 };
  constructor(private readonly options: QueueStateOptions) {
    const stamp = randomId(options.random, 12);
    this.#files = new StoreFiles({
      ...options,
      name: "queue",
      makeHeader: () => newHeader(options.wallMs, stamp),
      encode: encodeQueueHeader,
      decode: (stored) => decodeQueueHeader(stored, stamp),
      logged: true,
      parents: [`${options.dir}/..`],
    });
    this.#last = this.header;
    this.#delta = new QueueDelta(this.index, this.header);
    try {
      this.#replay();
    } catch (error) {
      this.#files.segments.close();
      this.index.close();
      throw error;
    }
  }
  get index(): IndexEnv {
    return this.#files.index;
  }
  get segments(): Segments {
    return this.#files.segments;
  }
  /** As of the last checkpoint. */
  get header(): QueueHeader {
    return this.#files.header;
  }
  get delta(): QueueDelta {
    return this.#delta;
  }
  get appliedSeq(): number {
    return this.header.commits;
  }
  /** When something was written down last. */
  get last(): Moment {
    return this.#last;
  }
  /** Why the last checkpoint found no space for the index; null when it did. The log goes on meanwhile, as far as it can. */
  get indexFull(): Failure | null {
    return this.#indexFull;
  }
  /** Whether a checkpoint has something to do. */
  get owed(): boolean {
    return this.#owedSinceMs !== null;
  }
  /**
   * Makes a group durable: bodies and record to the segment, one flush. On a throw nothing of it counts, and `reopen` must
   * succeed before the next one.
   */
  write(logged: Logged, moment: Moment): void {
    try {
      this.#write(logged, moment);
    } catch (error) {
      if (logged.bodies.length > 0 || diskFailure(error)?.kind !== "disk_full") throw error;
      // What frees space goes on without any: the file of the index is filled ahead of its use.
      this.reopen({ inDoubt: false });
      const delta = this.#delta.copy();
      for (const step of logged.steps) delta.apply(step, undefined);
      this.#fold(delta, moment);
    }
  }
  #write({ steps, bodies }: Logged, moment: Moment): void {
    const { segments } = this;
    if (segments.full) this.checkpoint(moment, () => segments.seal());
    else if (this.#due(moment)) this.#checkpointFor(bodies, moment);
    const seq = this.#seq + 1;
    const group = { stamp: this.header.stamp, seq, start: segments.position.offset, ...moment, steps };
    const record = encodeGroup(group, this.options.limits);
    const { places, position } = appendGroup(this.#files, [...bodies, groupRecord(record)], seq);
    segments.committed(position);
    this.#apply(steps, places, { seq, moment });
  }
  /** Brings to the index what it has not got yet. `change` answers another position than the end of the log. */
  checkpoint(moment: Moment, change?: () => SegmentPosition): void {
    this.#reserve();
    this.#fold(this.#delta, moment, change);
  }
  #reserve(): void {
    try {
      this.index.reserve(Math.min(RESERVE_BYTES_MAX, CHECKPOINT_BYTES + this.#delta.indexBytes()));
    } catch (error) {
      const cause = diskFailure(error);
      if (cause?.kind === "disk_full") this.#indexFull = new Failure("disk_full", INDEX_FULL, { cause });
      throw error;
    }
  }
  #fold(delta: QueueDelta, { timeMs, wallMs }: Moment, change?: () => SegmentPosition): void {
    const folded = this.#files.commit(() => {
      const { header, index, segments } = this;
      const end = segments.position;
      const bytes = end.segment === header.position.segment ? end.offset - header.position.offset : 0;
      const applier = new QueueApplier(index, header, { limits: this.options.limits, nowMs: timeMs });
      applier.fold(delta, { segment: end.segment, bytes });
      const { header: next, forgottenEarly } = applier.close();
      const position = change === undefined ? end : change();
      const answer = { freed: applier.freed, forgottenEarly };
      return { header: { ...next, position, logSeq: this.#seq, timeMs, wallMs }, answer };
    });
    this.#folded = {
      freed: this.#folded.freed || folded.freed,
      forgottenEarly: this.#folded.forgottenEarly + folded.forgottenEarly,
    };
    this.#indexFull = null;
    this.#stand();
  }
  /** What checkpoints did since this was asked last. */
  takeFolded(): Folded {
    const folded = this.#folded;
    this.#folded = { freed: false, forgottenEarly: 0 };
    return folded;
  }
  /**
   * Makes this process the owner; from then on every earlier one is refused. Its name goes to the header before the log is
   * read to its end: an owner before that still hangs in a write either is found there or finds the name.
   */
  claim(moment: Moment): void {
    if (this.#epoch !== null) return this.checkpoint(moment);
    const { owner } = this.options;
    this.#files.commit(() => {
      const { header } = this;
      const claimed = { ...header, commits: header.commits + 1, epoch: header.epoch + 1 };
      return { header: { ...claimed, ...(owner === undefined ? {} : { owner }) }, answer: null };
    });
    const from = this.header.position;
    const read = this.#replay();
    // A process that was killed before its flush returned leaves what only the page cache has.
    const bytes = this.segments.rest(from).subarray(0, read.offset - from.offset);
    if (bytes.length > 0) this.segments.rewrite(from, bytes);
    this.checkpoint(moment);
    this.#files.openTail();
    this.#epoch = this.header.epoch;
  }
  relocate(change: () => SegmentPosition): void {
    this.checkpoint(this.#last, change);
  }
  /** See `StoreFiles.probe`. */
  probe(): void {
    this.#files.probe();
  }
  /** See `StoreFiles.reopen`. What is in the log and acknowledged stays, in memory, too. */
  reopen({ inDoubt }: { readonly inDoubt: boolean }): void {
    const { commits } = this.#delta.base;
    const end = this.segments.position;
    this.#files.reopen({ inDoubt, end: (header) => header.commits === commits ? end : header.position });
    if (this.#epoch !== null && this.header.epoch !== this.#epoch) {
      throw new Failure("refused", "another owner has claimed the queue");
    }
    // A commit that was in doubt has come true.
    if (this.#epoch === null) this.#replay();
    else if (this.header.commits !== commits) this.#stand();
  }
  async close(): Promise<void> {
    await this.#files.close();
  }
  #due({ timeMs }: Moment): boolean {
    if (this.#owedSinceMs === null) return false;
    const { unindexedMsMax, unindexedRowsMax, unindexedOpsMax, unindexedBytesMax } = this.options.limits;
    const { rows, ops } = this.#delta;
    return timeMs - this.#owedSinceMs >= unindexedMsMax || rows > unindexedRowsMax || ops.size > unindexedOpsMax ||
      this.segments.position.offset - this.header.position.offset > unindexedBytesMax;
  }
  /** For changes alone a checkpoint that finds no space can wait: they free some, and add next to nothing. */
  #checkpointFor(bodies: readonly BodyRecord[], moment: Moment): void {
    try {
      this.#reserve();
    } catch (error) {
      if (bodies.length > 0 || diskFailure(error)?.kind !== "disk_full") throw error;
      return;
    }
    this.#fold(this.#delta, moment);
  }
  #apply(
    steps: readonly QueueStep[],
    places: readonly PlacedBody[],
    { seq, moment }: { readonly seq: number; readonly moment: Moment },
  ): void {
    let body = 0;
    for (const step of steps) this.#delta.apply(step, step.kind === "mail" ? places[body++] : undefined);
    this.#seq = seq;
    this.#last = moment;
    this.#owedSinceMs ??= moment.timeMs;
  }
  /** Reads what the log has beyond the index; answers where it ends. */
  #replay(): SegmentPosition {
    this.#stand();
    const { log } = this.options;
    const { position, stamp, logSeq } = this.header;
    if (position.segment === 0) return position;
    const { groups, end } = readTail(this.segments.rest(position), position, { stamp, seq: logSeq }, QUEUE_LOG);
    for (const { group, places, damaged } of groups) {
      const { seq, timeMs, wallMs } = group;
      if (damaged > 0) {
        log.error("bodies in the log of the queue are damaged", { segment: end.segment, count: damaged });
      }
      this.#apply(group.steps, places, { seq, moment: { timeMs, wallMs } });
    }
    this.segments.committed(end);
    return end;
  }
  /** Stands on the index as it is, with nothing above it. */
  #stand(): void {
    this.#delta = new QueueDelta(this.index, this.header);
    this.#seq = this.header.logSeq;
    this.#last = this.header;
    this.#owedSinceMs = null;
  }
}

function newHeader(wallMs: number, stamp: string): QueueHeader {
  const now = Math.max(0, Math.floor(wallMs));
  return {
    store: "queue",
    schema: QUEUE_SCHEMA_VERSION,
    stamp,
    logSeq: 0,
    epoch: 0,
    commits: 0,
    position: { segment: 0, offset: 0, tail: -1 },
    messageNext: 1,
    itemNext: 1,
    messages: 0,
    items: 0,
    bytes: 0,
    suspensions: 0,
    timeMs: now,
    wallMs: now,
    opIds: 0,
    opIdsOldestMs: 0,
  };
}
