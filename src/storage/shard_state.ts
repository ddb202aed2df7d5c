import { assert, Failure, type Log, type Random, randomId } from "../base/mod.ts";
import type { NewBody } from "./account/change.ts";
import { Applier, type ApplyLimits, type RecordOutcome, STALE } from "./apply.ts";
import type { Compactable } from "./disk/compact.ts";
import { diskFailure } from "./disk/disk_failure.ts";
import type { FileSystem } from "./disk/file_system.ts";
import { decodeHeader, encodeHeader, endingOf, SCHEMA_VERSION, type ShardHeader } from "./header.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { KEYWORDS_TABLE } from "./layout/keys.ts";
import type { StoreLimits } from "./limits.ts";
import { appendGroup, groupRecord, readTail } from "./disk/log_tail.ts";
import { jumpModSeqs, MODSEQ_JUMP } from "./mod_seq_jump.ts";
import { OverlayIndex } from "./overlay_index.ts";
import {
  type BodyRecord,
  checksum,
  type PlacedRecord,
  recordBytes,
  type SegmentPosition,
  type Segments,
} from "./disk/segments.ts";
import { isCopy, knownBy, MOVED_HINT, type Origin, originOf, renewEpochs } from "./restored.ts";
import { encodeShardGroup, SHARD_LOG } from "./shard_group.ts";
import type { Materialised, ShardRecord } from "./shard_log.ts";
import { opTakesSpace } from "./space.ts";
import { StoreFiles } from "./disk/store_files.ts";
import { ShardView } from "./view.ts";

export interface ShardStateOptions {
  /** Directory of this shard. */
  readonly dir: string;
  readonly shard: number;
  readonly shardCount: number;
  readonly files: FileSystem;
  readonly log: Log;
  readonly random: Random;
  /** Wall clock when the shard is opened, ms: where UIDVALIDITY begins when it is made, or was put back from a copy. */
  readonly wallMs: number;
  readonly limits: StoreLimits;
  /** Names this process, if an earlier owner in it may be left. */
  readonly owner?: string;
  /** Opens the index (default LMDB). */
  readonly openIndex?: (path: string) => IndexEnv;
}

/** A record that is applied; `groupBytes` of its segment no row will ever name. */
interface Applying {
  readonly seq: number;
  readonly record: ShardRecord;
  /** Written under an epoch that was over. */
  readonly stale: boolean;
  readonly places?: readonly PlacedRecord[];
  readonly groupBytes?: number;
}

/** What that comes to. */
interface Applied {
  readonly header: ShardHeader;
  readonly outcome: RecordOutcome;
}

/** Space the index may need for a checkpoint, beside that for its rows. */
const CHECKPOINT_BYTES = 256 * 1024;
/** The most that is laid ready in the index for one checkpoint. */
const RESERVE_BYTES_MAX = 128 * 1024 * 1024;
/** How much further than its bound goes what a full device keeps from the index, as long as it frees space. */
const ROWS_OVERDUE = 8;
/** Told to operators while a checkpoint cannot be made. */
const INDEX_FULL = "no space is left for the index of the shard: its log grows until there is";

/**
 * The files of one shard and what they hold: index, segments, and the number of the last record applied. The open segment is the
 * log: a record is durable when its bodies and a group that holds the rest of it are flushed there. What it changes is kept in
 * memory above the index until a checkpoint brings all of that there, in one transaction that moves the committed position of
 * the segment along. Opening reads the log from that position on, which is always in the last segment: a new one begins with a
 * checkpoint.
 */
export class ShardState implements Materialised, Compactable {
  readonly #files: StoreFiles<ShardHeader>;
  readonly #overlay: OverlayIndex;
  /** As of the last record. */
  #header: ShardHeader;
  #last: { seq: number; outcome: RecordOutcome } | null = null;
  /** Whether this owner has named itself in the header and read the log to its end after that. */
  #adopted = false;
  #indexFull: Failure | null = null;
  #sealed = false;
  /** Number of the last record that is surely on the disk, and the changes acknowledged since. */
  #flushedSeq = 0;
  #unflushedOps = 0;
  /** When this owner ended, wall clock in ms. */
  #endedMs: number | null = null;
  constructor(private readonly options: ShardStateOptions) {
    const { dir, shard } = options;
    this.#files = new StoreFiles({
      ...options,
      name: `shard ${shard}`,
      makeHeader: () => newHeader(options),
      encode: encodeHeader,
      decode: (stored) => decodeHeader(stored, options),
      logged: true,
      parents: [`${dir}/..`, `${dir}/../..`],
    });
    this.#header = this.#files.header;
    this.#overlay = new OverlayIndex(this.#files.index);
    try {
      this.#replay();
    } catch (error) {
      this.#files.segments.close();
      this.#files.index.close();
      throw error;
    }
  }
  /** All that was applied: what the index has, and what only the log has. */
  get index(): IndexEnv {
    return this.#overlay;
  }
  /** Rises with every change of keywords in the shard. */
  get keywordChanges(): number {
    return this.#overlay.changesOf(KEYWORDS_TABLE);
  }
  get segments(): Segments {
    return this.#files.segments;
  }
  get header(): ShardHeader {
    return this.#header;
  }
  get incarnation(): string {
    return this.header.incarnation;
  }
  get appliedSeq(): number {
    return this.header.appliedSeq;
  }
  get limits(): ApplyLimits {
    return this.options.limits;
  }
  /** Why the last checkpoint found no space for the index; null when it did. The log goes on meanwhile, as far as it can. */
  get indexFull(): Failure | null {
    return this.#indexFull;
  }
  /** Whether a checkpoint has something to do. */
  get owed(): boolean {
    const { header } = this.#files;
    if (this.header.appliedSeq !== header.appliedSeq || isUnflushed(this.header) !== isUnflushed(header)) return true;
    return this.#endedMs !== null && endingOf(header) === null;
  }
  /** Whether changes were acknowledged that a loss of power would undo. */
  get unflushed(): boolean {
    return this.#unflushedOps > 0;
  }
  /** Brings all that was acknowledged to the disk. */
  flush(): void {
    this.segments.flush();
    this.#flushedSeq = this.appliedSeq;
    this.#unflushedOps = 0;
  }
  /** No change will come any more: the next checkpoint says so, and the time (wall clock, ms). */
  end(wallMs: number): void {
    if (!this.#adopted) return;
    this.#header = withUnflushed(this.#header, false);
    this.#endedMs = wallMs;
  }
  /** Whether a segment was sealed since this was asked last, so that segments may be worth compacting. */
  takeSealed(): boolean {
    const sealed = this.#sealed;
    this.#sealed = false;
    return sealed;
  }
  /**
   * Makes this process the owner of the files; from then on every earlier one is refused. Its name goes to the header before
   * the log is read to its end: an owner before that still hangs in a write either is found there or finds the name.
   */
  adopt(): void {
    if (this.#adopted) return;
    const { owner, files, dir, limits: { unflushedOpsMax } } = this.options;
    const wasUnflushed = isUnflushed(this.#files.header);
    const origin = originOf(files, dir);
    const copied = isCopy(this.header, origin);
    this.#files.commit(() => {
      const { ended: _ended, ...header } = this.#files.header;
      const claimed = { ...header, commits: header.commits + 1, ...(owner === undefined ? {} : { owner }) };
      return { header: copied ? claimed : knownBy(claimed, origin), answer: null };
    });
    const from = this.#files.header.position;
    const end = this.#replay();
    // A process that was killed before its flush returned leaves what only the page cache has.
    const bytes = this.segments.rest(from).subarray(0, end.offset - from.offset);
    if (bytes.length > 0) this.segments.rewrite(from, bytes);
    this.#flushedSeq = this.appliedSeq;
    // What was lost may have been told: its MODSEQs must not be those of other changes (RFC 7162 §3.1).
    if (wasUnflushed) this.#overlay.commit(() => jumpModSeqs(this.#overlay));
    assert(unflushedOpsMax < MODSEQ_JUMP, "a jump goes beyond all that may be lost");
    this.#header = withUnflushed(this.#header, unflushedOpsMax > 0);
    if (this.owed || wasUnflushed) this.checkpoint();
    if (copied) this.#renew(origin);
    this.#files.openTail();
    this.#adopted = true;
  }
  /** Once for each copy, as it goes to the index together with what the copy is known by. */
  #renew(origin: Origin): void {
    this.#fold(() => ({
      header: knownBy(renewEpochs(this.#overlay, this.header, this.options.wallMs), origin),
      answer: null,
    }));
    this.options.log.warn("shard was put back from a copy: its UIDVALIDITY is raised", {
      uidValidity: this.header.uidValidity,
      hint: MOVED_HINT,
    });
  }
  /**
   * Makes a record durable and applies it: bodies and group to the segment, one flush; a claim goes to the index at once. A
   * record that was applied already changes nothing. On a throw nothing of it counts, and `reopen` must succeed before the
   * next one.
   */
  apply(seq: number, record: ShardRecord): RecordOutcome | null {
    this.adopt();
    const { header } = this;
    if (seq <= header.appliedSeq) return this.#last?.seq === seq ? this.#last.outcome : null;
    if (seq !== header.appliedSeq + 1) {
      throw new Failure("corrupt", `record ${seq} came after record ${header.appliedSeq}: one is missing`);
    }
    if (record.incarnation !== header.incarnation) throw new Failure("refused", "the record is of another log");
    const claims = record.ops.some(({ kind }) => kind === "claim");
    const stale = !claims && record.epoch !== header.epoch && record.ops.length > 0;
    if (claims) this.#reserve();
    const outcome = claims ? this.#toIndex({ seq, record, stale }) : this.#log({ seq, record, stale });
    this.#last = { seq, outcome };
    return outcome;
  }
  /** Brings to the index what it has not got yet. */
  checkpoint(): void {
    this.relocate(() => this.segments.position);
  }
  /** Runs a change of where bodies lie, which is no record: `change` answers the new segment position. */
  relocate(change: () => SegmentPosition): void {
    this.#reserve();
    this.#fold(() => ({ header: { ...this.header, position: change() }, answer: null }));
  }
  /** See `StoreFiles.probe`. */
  probe(): void {
    this.#files.probe();
  }
  /** See `StoreFiles.reopen`. What is in the log and acknowledged stays, in memory, too. */
  reopen({ inDoubt }: { readonly inDoubt: boolean }): void {
    const { commits } = this.#files.header;
    const end = this.segments.position;
    this.#last = null;
    this.#files.reopen({ inDoubt, end: (header) => header.commits === commits ? end : header.position });
    if (!this.#adopted) this.#replay();
    // A commit that was in doubt has come true.
    else if (this.#files.header.commits !== commits) this.#stand();
  }
  async close(): Promise<void> {
    await this.#files.close();
  }
  #log(wanted: Applying): RecordOutcome {
    const grows = wanted.record.ops.some(opTakesSpace);
    try {
      this.#makeRoom(grows);
      return this.#write(wanted);
    } catch (error) {
      if (grows || diskFailure(error)?.kind !== "disk_full") throw error;
      // What frees space goes on without any: the file of the index is filled ahead of its use.
      this.reopen({ inDoubt: false });
      return this.#toIndex(wanted);
    }
  }
  /** A checkpoint when one is due. One that finds no space can wait while nothing comes but what frees some. */
  #makeRoom(grows: boolean): void {
    if (this.segments.full) {
      this.relocate(() => this.segments.seal());
      this.#sealed = true;
    } else if (this.#isDue()) {
      try {
        this.#reserve();
      } catch (error) {
        if (grows || diskFailure(error)?.kind !== "disk_full") throw error;
        // Memory has a bound, too: `#log` then goes to the index without a reserve, which has free pages of its own.
        if (this.#overlay.size > ROWS_OVERDUE * this.options.limits.unindexedRowsMax) throw error;
        return;
      }
      this.#fold(() => ({ header: { ...this.header, position: this.segments.position }, answer: null }));
    }
  }
  #isDue(): boolean {
    const { unindexedRowsMax, unindexedBytesMax } = this.options.limits;
    return this.#overlay.size > unindexedRowsMax ||
      this.segments.position.offset - this.#files.header.position.offset > unindexedBytesMax;
  }
  /** Whether a record has to be on the disk before it is acknowledged: all but a few changes of flags, if that is wished. */
  #mustFlush(ops: ShardRecord["ops"]): boolean {
    const { unflushedOpsMax } = this.options.limits;
    return this.#unflushedOps + ops.length > unflushedOpsMax || ops.some(({ kind }) => kind !== "flags");
  }
  /** Applied first, since a damaged row may forbid it; undone when the write fails. Nobody reads meanwhile. */
  #write({ seq, record, stale }: Applying): RecordOutcome {
    const { segments, incarnation: stamp } = this;
    const bodies = stale ? [] : bodiesOf(record);
    const flushed = this.#flushedSeq === seq - 1 ? {} : { flushed: this.#flushedSeq };
    const start = segments.position.offset;
    const group = groupRecord(encodeShardGroup({ stamp, seq, start, ...flushed, stale, record }));
    const flushes = this.#mustFlush(record.ops);
    const { header, outcome, position } = this.#overlay.commit(() => {
      const groupBytes = recordBytes({ length: group.size, indexBytes: 0 });
      const applied = this.#applied({ seq, record, stale, places: segments.placesOf(bodies), groupBytes });
      const { position } = appendGroup(this.#files, [...bodies, group], seq, { flushed: flushes });
      return { ...applied, position };
    });
    segments.committed(position);
    this.#header = { ...header, position };
    this.#unflushedOps = flushes ? 0 : this.#unflushedOps + record.ops.length;
    if (flushes) this.#flushedSeq = seq;
    return outcome;
  }
  /** To the index at once, with all that is owed; no record takes bodies there. */
  #toIndex(wanted: Applying): RecordOutcome {
    return this.#fold(() => {
      const { header, outcome } = this.#applied(wanted);
      return { header: { ...header, position: this.segments.position }, answer: outcome };
    });
  }
  /** What a record makes of the rows, inside a change of the overlay. Stale, it only counts. */
  #applied({ seq, record, stale, places = [], groupBytes = 0 }: Applying): Applied {
    const view = new ShardView(this.#overlay);
    if (groupBytes > 0) view.bodies.waste(this.segments.position.segment, groupBytes);
    if (!stale) return new Applier(view, this.header, this.options.limits).apply(seq, record, places);
    view.flush();
    return { header: { ...this.header, appliedSeq: seq }, outcome: STALE };
  }
  /** One transaction of the index: `change`, with all that is owed. */
  #fold<T>(change: () => { readonly header: ShardHeader; readonly answer: T }): T {
    this.flush();
    const answer = this.#overlay.commit(() =>
      this.#files.commit(() => {
        const { header, answer } = change();
        this.#overlay.fold();
        const commits = header.commits + 1;
        const ended = this.#endedMs === null ? {} : { ended: { commits, wallMs: this.#endedMs } };
        return { header: { ...header, commits, ...ended }, answer };
      })
    );
    this.#indexFull = null;
    this.#stand();
    this.#flushedSeq = this.appliedSeq;
    return answer;
  }
  #reserve(): void {
    try {
      this.#overlay.reserve(Math.min(RESERVE_BYTES_MAX, CHECKPOINT_BYTES + this.#overlay.indexBytes));
    } catch (error) {
      const cause = diskFailure(error);
      if (cause?.kind === "disk_full") this.#indexFull = new Failure("disk_full", INDEX_FULL, { cause });
      throw error;
    }
  }
  /** Reads what the log has beyond the index; answers where it ends. */
  #replay(): SegmentPosition {
    this.#stand();
    const { position, incarnation: stamp, appliedSeq } = this.header;
    if (position.segment === 0) return position;
    const { groups, end } = readTail(this.segments.rest(position), position, { stamp, seq: appliedSeq }, SHARD_LOG);
    for (const { group, places, damaged, bytes: groupBytes } of groups) {
      if (damaged > 0) {
        this.options.log.error("bodies in the log of the shard are damaged", { segment: end.segment, count: damaged });
      }
      this.#header = this.#overlay.commit(() => this.#applied({ ...group, places, groupBytes })).header;
    }
    this.segments.committed(end);
    this.#header = { ...this.header, position: end };
    return end;
  }
  /** Stands on the index as it is, with nothing above it. */
  #stand(): void {
    this.#overlay.clear();
    this.#overlay.refresh();
    this.#header = this.#files.header;
  }
}

function isUnflushed({ unflushed = false }: ShardHeader): boolean {
  return unflushed;
}

function withUnflushed(header: ShardHeader, unflushed: boolean): ShardHeader {
  if (isUnflushed(header) === unflushed) return header;
  const { unflushed: _was, ...rest } = header;
  return unflushed ? { ...rest, unflushed } : rest;
}

function newHeader({ shard, shardCount, random, wallMs }: ShardStateOptions): ShardHeader {
  const seconds = Math.floor(wallMs / 1000);
  return {
    schema: SCHEMA_VERSION,
    commits: 0,
    shard,
    shardCount,
    incarnation: randomId(random, 16),
    appliedSeq: 0,
    epoch: 0,
    position: { segment: 0, offset: 0, tail: -1 },
    bodyNext: 1,
    // Seconds since 1970 keep a store that was made anew from repeating old epochs; a clock out of range does no harm.
    uidValidity: seconds >= 1 && seconds <= 0xf000_0000 ? seconds : 1,
    ageMs: 0,
    opIds: 0,
    opIdsOldestMs: 0,
  };
}

function bodiesOf(record: ShardRecord): BodyRecord[] {
  const bodies: BodyRecord[] = [];
  for (const op of record.ops) {
    if (op.kind === "deliver") bodies.push(bodyRecord(op));
    else if (op.kind === "append") { for (const message of op.messages) bodies.push(bodyRecord(message)); }
  }
  return bodies;
}

function bodyRecord({ body, parts, size, crc, index }: NewBody & { readonly body: number }): BodyRecord {
  return { body, parts, size, crc, index: index === null ? null : { bytes: index, crc: checksum([index]) } };
}
