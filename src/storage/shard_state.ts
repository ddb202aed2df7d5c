import { Buffer } from "node:buffer";
import { describeError, Failure, type Log, type Random, randomId } from "../base/mod.ts";
import { Applier, type ApplyLimits, type RecordOutcome, STALE } from "./apply.ts";
import type { FileSystem } from "./file_system.ts";
import { decodeHeader, encodeHeader, SCHEMA_VERSION, type ShardHeader } from "./header.ts";
import { type IndexEnv, LmdbIndex } from "./index_env.ts";
import { allSegments, HEADER_KEY, readSegmentKey } from "./keys.ts";
import type { StoreLimits } from "./limits.ts";
import { type BodyRecord, checksum, RECORD_HEADER_BYTES, Segments } from "./segments.ts";
import type { Materialised, ShardRecord } from "./shard_log.ts";
import { ShardView } from "./view.ts";

export interface ShardStateOptions {
  /** Directory of this shard. */
  readonly dir: string;
  readonly shard: number;
  readonly shardCount: number;
  readonly files: FileSystem;
  readonly log: Log;
  readonly random: Random;
  /** Wall clock when the shard is made, ms: where UIDVALIDITY begins. */
  readonly wallMs: number;
  readonly limits: StoreLimits;
  /** Names this process, if an earlier owner in it may be left. */
  readonly owner?: string;
  /** Opens the index (default LMDB). */
  readonly openIndex?: (path: string) => IndexEnv;
}

/** The files of one shard and what they hold: index, segments, and the number of the last record applied. */
export class ShardState implements Materialised {
  readonly index: IndexEnv;
  readonly segments: Segments;
  #header: ShardHeader;
  /** The header's row as this owner wrote or read it last: another one in its place is another owner's. */
  #stored: Uint8Array = new Uint8Array();
  #last: { seq: number; outcome: RecordOutcome } | null = null;
  constructor(private readonly options: ShardStateOptions) {
    const { dir, files } = options;
    files.makeDirectory(`${dir}/segments`);
    this.index = (options.openIndex ?? ((path) => new LmdbIndex(path, files)))(`${dir}/index.mdb`);
    try {
      this.#header = this.#readHeader() ?? this.#makeHeader();
      this.segments = new Segments(`${dir}/segments`, files, options.limits, this.#header.position);
      this.#recover();
    } catch (error) {
      this.index.close();
      throw error;
    }
  }
  get header(): ShardHeader {
    return this.#header;
  }
  get incarnation(): string {
    return this.#header.incarnation;
  }
  get appliedSeq(): number {
    return this.#header.appliedSeq;
  }
  get limits(): ApplyLimits {
    return this.options.limits;
  }
  /**
   * Applies a record: bodies to the segment, flushed; then one index transaction, flushed. A record that was applied
   * already changes nothing. On a throw nothing of it counts, and `reopen` must succeed before the next one.
   */
  apply(seq: number, record: ShardRecord): RecordOutcome | null {
    if (seq <= this.#header.appliedSeq) return this.#last?.seq === seq ? this.#last.outcome : null;
    if (seq !== this.#header.appliedSeq + 1) {
      throw new Failure("corrupt", `record ${seq} came after record ${this.#header.appliedSeq}: one is missing`);
    }
    if (record.incarnation !== this.#header.incarnation) {
      throw new Failure("refused", "the record is of another log");
    }
    const claimed = record.ops.some(({ kind }) => kind === "claim");
    const stale = record.epoch !== this.#header.epoch && record.ops.some(({ kind }) => kind !== "claim");
    const bodies = stale ? [] : bodiesOf(record);
    const { places, position } = bodies.length === 0
      ? { places: [], position: this.segments.position }
      : this.segments.append(bodies, seq);
    const { header, outcome } = this.#commit(() => {
      const applied = stale
        ? { header: { ...this.#header, appliedSeq: seq }, outcome: STALE }
        : new Applier(new ShardView(this.index), this.#header, this.options.limits).apply(seq, record, places);
      const owner = claimed && this.options.owner !== undefined ? { owner: this.options.owner } : {};
      return { header: { ...applied.header, position, ...owner }, outcome: applied.outcome };
    });
    this.segments.committed(position);
    this.#header = header;
    this.#last = { seq, outcome };
    return outcome;
  }
  /** Runs a change of where bodies lie, which is no record: `change` answers the new segment position. */
  relocate(change: () => ShardHeader["position"]): void {
    const { header } = this.#commit(() => ({ header: { ...this.#header, position: change() } }));
    this.segments.committed(header.position);
    this.#header = header;
  }
  /**
   * One transaction that ends with the header. It sees what every other owner has committed: one that was given up while it
   * hung, and comes to itself when its successor works already, is refused here, and nothing of it counts.
   */
  #commit<T extends { readonly header: ShardHeader }>(change: () => T): T {
    const { result, stored } = this.index.commit(() => {
      const found = this.index.get(HEADER_KEY);
      if (found === undefined || Buffer.compare(found, this.#stored) !== 0) {
        throw new Failure("refused", "another owner has claimed the shard");
      }
      const result = change();
      const stored = encodeHeader(result.header);
      this.index.put(HEADER_KEY, stored);
      return { result, stored };
    });
    this.#stored = stored;
    return result;
  }
  /**
   * Whether plain files can be written and flushed here: asked before the index is, after a failure, since LMDB must not
   * be the one to find out. Throws what the disk says.
   */
  probe(): void {
    const { dir, files } = this.options;
    const path = `${dir}/probe`;
    if (files.fileBytes(path) !== null) files.remove(path);
    const fd = files.open(path, "create");
    try {
      files.write(fd, new Uint8Array(4_096), 0);
      files.syncData(fd);
    } finally {
      files.close(fd);
    }
    files.remove(path);
  }
  /**
   * Forgets what a failed record left behind and opens the index anew. `inDoubt` means that a flush failed: the segment is
   * then left as it is and never written again, since even the index may come back one record ahead after a crash.
   */
  reopen(options: { readonly inDoubt: boolean }): void {
    this.index.reopen();
    const header = this.#readHeader();
    if (header === null) throw new Failure("corrupt", "the header row of the shard is gone");
    this.#header = header;
    this.#last = null;
    this.segments.committed(header.position);
    this.segments.rollback({ keepFile: !options.inDoubt });
    this.#checkTail();
  }
  async close(): Promise<void> {
    this.segments.close();
    this.index.close();
    await this.index.gone();
  }
  #readHeader(): ShardHeader | null {
    const stored = this.index.get(HEADER_KEY);
    if (stored === undefined) return null;
    this.#stored = stored.slice();
    return decodeHeader(stored, this.options);
  }
  #makeHeader(): ShardHeader {
    const { shard, shardCount, random, wallMs, files, dir } = this.options;
    if (files.list(`${dir}/segments`).length > 0) {
      throw new Failure("corrupt", `shard ${shard} has segments of mail but no index: restore both or neither`);
    }
    const seconds = Math.floor(wallMs / 1000);
    const header: ShardHeader = {
      schema: SCHEMA_VERSION,
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
    const stored = encodeHeader(header);
    this.index.commit(() => this.index.put(HEADER_KEY, stored));
    this.#stored = stored;
    for (const path of [dir, `${dir}/..`, `${dir}/../..`]) files.syncDirectory(path);
    return header;
  }
  /** What lies behind the last committed offset is not mail: it is cut off; files that no row names are removed. */
  #recover(): void {
    const { log } = this.options;
    const { segment, offset } = this.#header.position;
    const named = new Set(
      this.index.range({ ...allSegments(), limit: Infinity }).map(({ key }) => readSegmentKey(key)),
    );
    for (const number of this.segments.existing()) {
      if (number === segment || named.has(number)) continue;
      const bytes = this.segments.bytesOf(number);
      // One may be left by a crash between its making and the first commit. More than that may be mail whose index was
      // replaced by an older copy, and is nothing to throw away.
      const keep = number > segment + 1;
      if (keep) this.segments.setAside(number);
      else this.segments.remove(number);
      log[keep ? "warn" : "info"]("segment without mail", { segment: number, bytes, kept: keep });
    }
    if (segment === 0) return;
    if (this.options.owner !== undefined && this.options.owner === this.#header.owner) {
      // The owner before was a thread of this process, which may still hang in a write: what it had open is left to it.
      log.warn("the segment of a lost owner is not appended to", { segment });
      return;
    }
    const bytes = this.segments.bytesOf(segment);
    if (bytes !== null && bytes >= offset && this.#checkTail()) {
      if (bytes > offset) log.info("uncommitted bytes cut off", { segment, bytes: bytes - offset });
      this.segments.openForAppend();
    } else if (bytes === null || bytes < offset) {
      // The next append starts a new segment; the messages concerned fail one by one as corrupt.
      log.error("segment is shorter than what was committed", { segment, bytes, committed: offset });
    }
  }
  /** Whether the last committed record is there, whole. */
  #checkTail(): boolean {
    const { segment, tail } = this.#header.position;
    if (segment === 0 || tail < 0) return true;
    try {
      const place = { segment, offset: tail };
      const head = this.segments.header(place);
      if (head !== null && checksum([this.segments.read(place, 0, head.length)]) === head.crc) return true;
      this.options.log.error("last committed record is damaged", { segment, offset: tail });
    } catch (error) {
      this.options.log.error("last committed record cannot be read", {
        segment,
        offset: tail,
        error: describeError(error),
      });
    }
    return false;
  }
}

function bodiesOf(record: ShardRecord): BodyRecord[] {
  const bodies: BodyRecord[] = [];
  for (const op of record.ops) {
    if (op.kind === "deliver") bodies.push({ body: op.body, parts: op.parts, size: op.size, crc: op.crc });
  }
  return bodies;
}

/** Bytes a body takes in a segment. */
export function recordBytes(size: number): number {
  return RECORD_HEADER_BYTES + size;
}
