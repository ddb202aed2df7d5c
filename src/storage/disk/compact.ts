import { type Cancel, type Clock, describeError, Failure, type Log } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";
import type { FileSystem } from "./file_system.ts";
import type { IndexEnv } from "./index_env.ts";
import { allSegments, bodyKey, readSegmentKey, segmentKey } from "../layout/keys.ts";
import { type BodyRecord, recordBytes, type SegmentPosition, type Segments } from "./segments.ts";
import { type BodyPlace, decodeBody, decodeSegmentUse, encodeBody, encodeSegmentUse } from "../layout/values.ts";

/** Pause before compaction looks for work after mail was deleted, and between its steps, in ms. */
const LOOK_MS = 1_000;
const STEP_MS = 20;
/** Pause after a step for which there was no space or no working disk, in ms. */
const RETRY_MS = 30_000;
/** Records looked at in one step: reading their headers takes a few ms. */
const RECORDS_A_STEP = 1_024;
/** Space the index may need for a step, and for each body that moves in it. */
const INDEX_BYTES_A_STEP = 64 * 1024;
const INDEX_BYTES_A_BODY = 8 * 1024;

/** A store of which the compactor knows only where bodies lie. */
export interface Compactable {
  readonly index: IndexEnv;
  readonly segments: Segments;
  readonly header: { readonly position: SegmentPosition };
  /** Written to the headers of the records that move. */
  readonly appliedSeq: number;
  /** Runs a change of where bodies lie in one transaction: `change` answers the new segment position. */
  relocate(change: () => SegmentPosition): void;
}

export interface CompactorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes copied in one step; a larger body makes its own step. */
  readonly stepBytesMax: number;
  readonly mayRun: () => boolean;
  /** Whether the device is so full that the open segment, too, is worth compacting. */
  readonly roomIsShort: () => boolean;
  /** The disk refused a step, or another owner has taken over. */
  readonly failed: (failure: Failure) => void;
}

/** A body that is still named and must move. */
interface Live {
  readonly record: BodyRecord;
  readonly place: BodyPlace;
}

/**
 * Gives back the space of sealed segments of which more than half is dead: copies what lives to the end of the log, in
 * bounded steps between groups, and removes the file when nothing names it any more. A crash at any point leaves either
 * the old place or the new one committed.
 */
export class Compactor {
  #timer: Cancel | null = null;
  #segment: number | null = null;
  #offset = 0;
  /** Segments that cannot be walked to their end; their mail stays where it is. */
  readonly #damaged = new Set<number>();
  constructor(private readonly state: Compactable, private readonly options: CompactorOptions) {}

  /** Looks for work in a while. */
  look(): void {
    this.#timer ??= this.options.clock.after(LOOK_MS, () => this.#run());
  }
  stop(): void {
    this.#timer?.();
    this.#timer = null;
  }
  /** One bounded step. False when there is nothing to do. */
  step(): boolean {
    this.#segment ??= this.#candidate() ?? this.#sealOpen();
    if (this.#segment === null) return false;
    const segment = this.#segment;
    const { live, next, done } = this.#collect(segment, this.#offset);
    this.#move(segment, live, done);
    this.#offset = next;
    if (!done) return true;
    this.#segment = null;
    this.#offset = 0;
    try {
      this.state.segments.remove(segment);
    } catch (error) {
      // No row names it: the next start removes it.
      this.options.log.warn("a compacted segment could not be removed", { segment, error: describeError(error) });
    }
    this.options.log.info("segment compacted", { segment });
    return true;
  }
  #run(): void {
    this.#timer = null;
    if (!this.options.mayRun()) return this.look();
    try {
      if (this.step()) this.#timer = this.options.clock.after(STEP_MS, () => this.#run());
    } catch (error) {
      const failure = diskFailure(error);
      if (failure === null) throw error;
      this.options.log.error("compaction gave up", { segment: this.#segment, error: describeError(failure) });
      if (failure.kind === "corrupt" && this.#segment !== null) this.#damaged.add(this.#segment);
      this.#segment = null;
      this.#offset = 0;
      if (failure.kind !== "corrupt") this.options.failed(failure);
      this.#timer = this.options.clock.after(RETRY_MS, () => this.#run());
    }
  }
  /** On a device that is nearly full the dead bytes of the open segment count too: it is sealed before its time. */
  #sealOpen(): number | null {
    const { index, segments } = this.state;
    const { segment } = this.state.header.position;
    const { bytes, dead } = decodeUse(index.get(segmentKey(segment)));
    if (dead <= bytes / 2 || this.#damaged.has(segment) || !this.options.roomIsShort()) return null;
    index.reserve(INDEX_BYTES_A_STEP);
    this.state.relocate(() => segments.seal());
    return segment;
  }
  /** Of the sealed segments with more than half of their bytes dead, the one that gives back most for least copying. */
  #candidate(): number | null {
    let best: { segment: number; share: number } | null = null;
    for (const { key, value } of this.state.index.range({ ...allSegments(), limit: 100_000 })) {
      const segment = readSegmentKey(key);
      const { bytes, dead } = decodeSegmentUse(value);
      if (this.#damaged.has(segment) || segment === this.state.header.position.segment) continue;
      const share = dead / bytes;
      if (share > 0.5 && share > (best?.share ?? 0)) best = { segment, share };
    }
    return best?.segment ?? null;
  }
  /** Live bodies of the next records of a segment, up to the bytes of one step. */
  #collect(segment: number, from: number): { live: Live[]; next: number; done: boolean } {
    const { index, segments } = this.state;
    const stored = index.get(segmentKey(segment));
    const end = stored === undefined ? 0 : decodeSegmentUse(stored).bytes;
    const live: Live[] = [];
    let copied = 0;
    let seen = 0;
    let offset = from;
    while (offset < end && copied < this.options.stepBytesMax && seen++ < RECORDS_A_STEP) {
      const at = { segment, offset };
      // Where a header is damaged the way to the next record is lost.
      const head = reading(() => segments.header(at));
      if (head === null) throw new Failure("corrupt", `record header at ${segment}:${offset} is damaged`);
      const row = index.get(bodyKey(head.body));
      const place = row === undefined ? null : decodeBody(row);
      if (place !== null && place.segment === segment && place.offset === offset) {
        const parts = [reading(() => segments.read(at, 0, head.length))];
        // With the checksum it had: what was damaged stays known as damaged.
        const index = head.indexBytes === 0 ? null : reading(() => segments.readIndex(at, head));
        live.push({ place, record: { body: head.body, parts, size: head.length, crc: head.crc, index } });
        copied += head.length + head.indexBytes;
      }
      offset += recordBytes(head);
    }
    return { live, next: offset, done: offset >= end };
  }
  #move(segment: number, live: readonly Live[], done: boolean): void {
    const { index, segments } = this.state;
    if (live.length === 0 && !done) return;
    index.reserve(INDEX_BYTES_A_STEP + live.length * INDEX_BYTES_A_BODY);
    const { places, position } = live.length === 0
      ? { places: [], position: segments.position }
      : segments.append(live.map(({ record }) => record), this.state.appliedSeq);
    this.state.relocate(() => {
      const grown = decodeUse(index.get(segmentKey(position.segment)));
      const shrunk = decodeUse(index.get(segmentKey(segment)));
      live.forEach(({ record, place }, i) => {
        index.put(bodyKey(record.body), encodeBody({ ...place, ...places[i]! }));
        grown.bytes += recordBytes(place);
        shrunk.dead += recordBytes(place);
      });
      if (live.length > 0) index.put(segmentKey(position.segment), encodeSegmentUse(grown));
      if (done) index.remove(segmentKey(segment));
      else index.put(segmentKey(segment), encodeSegmentUse(shrunk));
      return position;
    });
  }
}

/** Whether a device has no room for one more segment above its reserve. */
export function roomIsShort(
  { files, dir, limits }: {
    readonly files: FileSystem;
    readonly dir: string;
    readonly limits: { readonly freeBytesMin: number; readonly segmentBytesMax: number };
  },
): boolean {
  const free = files.freeBytes(dir);
  return free !== null && free < limits.freeBytesMin + limits.segmentBytesMax;
}

/** A sector that cannot be read stops the compaction of its segment, not the shard. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const failure = diskFailure(error);
    throw failure === null ? error : new Failure("corrupt", "a record cannot be read", { cause: failure });
  }
}

function decodeUse(stored: Uint8Array | undefined): { bytes: number; dead: number } {
  return stored === undefined ? { bytes: 0, dead: 0 } : decodeSegmentUse(stored);
}
