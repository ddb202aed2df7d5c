import { Failure, type Log, type Random, randomId } from "../base/mod.ts";
import type { NewBody } from "./account_change.ts";
import { Applier, type ApplyLimits, type RecordOutcome, STALE } from "./apply.ts";
import type { FileSystem } from "./file_system.ts";
import { decodeHeader, encodeHeader, SCHEMA_VERSION, type ShardHeader } from "./header.ts";
import type { IndexEnv } from "./index_env.ts";
import type { StoreLimits } from "./limits.ts";
import { type BodyRecord, checksum, type Segments } from "./segments.ts";
import type { Materialised, ShardRecord } from "./shard_log.ts";
import { StoreFiles } from "./store_files.ts";
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
  readonly #files: StoreFiles<ShardHeader>;
  #last: { seq: number; outcome: RecordOutcome } | null = null;
  constructor(private readonly options: ShardStateOptions) {
    const { dir, shard } = options;
    this.#files = new StoreFiles({
      ...options,
      name: `shard ${shard}`,
      makeHeader: () => newHeader(options),
      encode: encodeHeader,
      decode: (stored) => decodeHeader(stored, options),
      parents: [`${dir}/..`, `${dir}/../..`],
    });
  }
  get index(): IndexEnv {
    return this.#files.index;
  }
  get segments(): Segments {
    return this.#files.segments;
  }
  get header(): ShardHeader {
    return this.#files.header;
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
  /**
   * Applies a record: bodies to the segment, flushed; then one index transaction, flushed. A record that was applied
   * already changes nothing. On a throw nothing of it counts, and `reopen` must succeed before the next one.
   */
  apply(seq: number, record: ShardRecord): RecordOutcome | null {
    const { header, segments, index } = this;
    if (seq <= header.appliedSeq) return this.#last?.seq === seq ? this.#last.outcome : null;
    if (seq !== header.appliedSeq + 1) {
      throw new Failure("corrupt", `record ${seq} came after record ${header.appliedSeq}: one is missing`);
    }
    if (record.incarnation !== header.incarnation) throw new Failure("refused", "the record is of another log");
    const claimed = record.ops.some(({ kind }) => kind === "claim");
    const stale = record.epoch !== header.epoch && record.ops.some(({ kind }) => kind !== "claim");
    const bodies = stale ? [] : bodiesOf(record);
    const { places, position } = bodies.length === 0
      ? { places: [], position: segments.position }
      : segments.append(bodies, seq);
    const outcome = this.#files.commit(() => {
      const applied = stale
        ? { header: { ...header, appliedSeq: seq }, outcome: STALE }
        : new Applier(new ShardView(index), header, this.options.limits).apply(seq, record, places);
      const owner = claimed && this.options.owner !== undefined ? { owner: this.options.owner } : {};
      return { header: { ...applied.header, position, ...owner }, answer: applied.outcome };
    });
    this.#last = { seq, outcome };
    return outcome;
  }
  /** Runs a change of where bodies lie, which is no record: `change` answers the new segment position. */
  relocate(change: () => ShardHeader["position"]): void {
    this.#files.commit(() => ({ header: { ...this.header, position: change() }, answer: null }));
  }
  /** See `StoreFiles.probe`. */
  probe(): void {
    this.#files.probe();
  }
  /** See `StoreFiles.reopen`. */
  reopen(options: { readonly inDoubt: boolean }): void {
    this.#last = null;
    this.#files.reopen(options);
  }
  async close(): Promise<void> {
    await this.#files.close();
  }
}

function newHeader({ shard, shardCount, random, wallMs }: ShardStateOptions): ShardHeader {
  const seconds = Math.floor(wallMs / 1000);
  return {
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
