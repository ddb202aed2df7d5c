import { Buffer } from "node:buffer";
import { crc32c } from "@node-rs/crc32";
import { assert, Failure } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";
import type { FileSystem } from "./file_system.ts";
import { getU32, putU32 } from "../layout/pack.ts";

/*
 * A segment is a file of records: header, then the body, then what is kept beside it (a MIME index) with its own CRC-32C u32
 * behind it, if there is any. Only records below the offset that the index has committed are mail, and those of whole groups
 * behind it (log_tail.ts). Header: magic u32,
 * CRC-32C of the rest of the header u32, body length u32, CRC-32C of the body u32, body number u48, sequence number of the
 * record that brought it u48, length of what is beside the body u32 (without its CRC).
 */
export const RECORD_HEADER_BYTES = 32;
export const RECORD_MAGIC = 0x53504231; // "SPB1"
const CRC_BYTES = 4;
const BUFFER_BYTES = 4 * 1024 * 1024;
/**
 * So many zeros are laid behind a small group, to be overwritten by those that come: the flush of a file that does not grow has no
 * metadata to write, and takes half the time. A large group takes its time anyway, and would be written twice; where little was
 * written little will be.
 */
const AHEAD_BYTES = 256 * 1024;
const SMALL_GROUP_BYTES = 64 * 1024;
const AHEAD_FROM_BYTES = 64 * 1024;

/** Bounds of the files of a shard; see `StoreLimits`. */
export interface SegmentLimits {
  readonly segmentBytesMax: number;
  readonly openSegmentsMax: number;
  /** An open segment that has grown to this has zeros laid ahead. */
  readonly aheadFromBytes?: number;
}

/** The end of what is committed in the segments of a shard. */
export interface SegmentPosition {
  readonly segment: number;
  readonly offset: number;
  /** Where the last record begins, or -1 when the segment is empty. */
  readonly tail: number;
}

/** A body to be appended. */
export interface BodyRecord {
  readonly body: number;
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly crc: number;
  readonly index?: IndexBytes | null;
}

/** What is kept beside a body, with its CRC-32C. */
export interface IndexBytes {
  readonly bytes: Uint8Array;
  readonly crc: number;
}

/** What the header of a record says. */
export interface RecordHead {
  readonly body: number;
  readonly length: number;
  readonly crc: number;
  /** 0 when nothing is beside the body. */
  readonly indexBytes: number;
}

/** Bytes of a whole record. */
export function recordBytes({ length, indexBytes }: { readonly length: number; readonly indexBytes: number }): number {
  return RECORD_HEADER_BYTES + length + besideBytes(indexBytes);
}

/** Bytes behind the body of a record. */
function besideBytes(indexBytes: number): number {
  return indexBytes === 0 ? 0 : indexBytes + CRC_BYTES;
}

export interface PlacedBody {
  readonly segment: number;
  /** Where the record's header begins. */
  readonly offset: number;
}

/** Where a record lies, and how much is beside its body. */
export interface PlacedRecord extends PlacedBody {
  readonly indexBytes: number;
}

/** Bodies that are on the disk; they become mail when the index, or a record of their group behind them, says so. */
export interface Appended {
  readonly places: readonly PlacedRecord[];
  readonly position: SegmentPosition;
}

/** CRC-32C over all parts. */
export function checksum(parts: readonly Uint8Array[]): number {
  let crc = 0;
  for (const part of parts) crc = crc32c(part, crc);
  return crc >>> 0;
}

/** The append-only files of one shard. Writes go to the last one; sealed ones are only read, compacted and removed. */
export class Segments {
  #position: SegmentPosition;
  #writer: number | null = null;
  #writerSegment = 0;
  /** Where the file that is written ends: behind what was appended there are zeros. */
  #end = 0;
  /** Whether what was appended last waits for a flush. */
  #unflushed = false;
  readonly #readers = new Map<number, number>();
  /** Made with the first append: most shards of a small server are never written. */
  #buffer: Buffer | null = null;
  constructor(
    private readonly dir: string,
    private readonly files: FileSystem,
    private readonly limits: SegmentLimits,
    committed: SegmentPosition,
  ) {
    this.#position = committed;
  }
  get position(): SegmentPosition {
    return this.#position;
  }
  path(segment: number): string {
    return `${this.dir}/${String(segment).padStart(8, "0")}.seg`;
  }
  /** Writes all bodies and returns when they are on the disk, or would survive this process. On a throw nothing counts; call `rollback`. */
  append(bodies: readonly BodyRecord[], seq: number, { flushed = true } = {}): Appended {
    let { segment, offset, tail } = this.#position;
    const owed = this.#unflushed;
    if (this.#writer === null || offset >= this.limits.segmentBytesMax) {
      segment = this.#startSegment();
      offset = 0;
      tail = -1;
    }
    const places = placesFrom({ segment, offset }, bodies);
    this.#buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const writer = new BufferedWriter(this.#buffer, this.files, this.#writerFd(), offset);
    for (const body of bodies) {
      tail = writer.offset;
      writer.header(body, seq);
      for (const part of body.parts) writer.write(part);
      if (hasIndex(body)) writer.index(body.index);
    }
    writer.flush();
    this.#layAhead(writer.offset, writer.offset - offset);
    this.#unflushed = true;
    if (flushed) this.#flushWith(owed);
    return { places, position: { segment, offset: writer.offset, tail } };
  }
  /** With what is owed: where no space was found for that, taking this back and flushing again does not bring it to the disk. */
  #flushWith(owed: boolean): void {
    try {
      this.flush();
    } catch (error) {
      if (owed && diskFailure(error)?.kind === "disk_full") {
        throw new Failure("disk", "what was acknowledged before is in doubt", { cause: error });
      }
      throw error;
    }
  }
  /** Brings to the disk what was appended and is not there yet. */
  flush(): void {
    if (!this.#unflushed || this.#writer === null) return;
    this.files.syncData(this.#writer);
    this.#unflushed = false;
  }
  /** Where the bodies will lie if they are what is appended next, and do not start a new file. */
  placesOf(bodies: readonly BodyRecord[]): PlacedRecord[] {
    assert(!this.full, "the open segment takes what is placed");
    return placesFrom(this.#position, bodies);
  }
  /** Whether the next append starts a new file. */
  get full(): boolean {
    return this.#writer === null || this.#position.offset >= this.limits.segmentBytesMax;
  }
  /** Takes back, durably, what was written after the committed position. Throws what the disk says. */
  cut(): void {
    this.#end = this.#position.offset;
    this.files.truncate(this.#writerFd(), this.#position.offset);
    this.files.syncData(this.#writerFd());
    this.#unflushed = false;
  }
  /** All bytes of a segment from an offset on; none when the file is gone or shorter. */
  rest({ segment, offset }: PlacedBody): Uint8Array {
    const size = this.bytesOf(segment) ?? 0;
    if (size <= offset) return new Uint8Array(0);
    return this.read({ segment, offset: offset - RECORD_HEADER_BYTES }, 0, size - offset);
  }
  /**
   * Writes bytes again that were read there, and flushes them: the page cache may hold, as clean, what no disk has (after a
   * failed flush of another process).
   */
  rewrite({ segment, offset }: PlacedBody, bytes: Uint8Array): void {
    const fd = this.files.open(this.path(segment), "update");
    try {
      this.files.write(fd, bytes, offset);
      this.files.syncData(fd);
    } finally {
      closeQuietly(this.files, fd);
    }
  }
  /** Starts a new file for what is appended from now on, and answers the position that the index is to commit. */
  seal(): SegmentPosition {
    this.#takeAheadBack();
    return { segment: this.#startSegment(), offset: 0, tail: -1 };
  }
  /** The index has committed the bodies. */
  committed(position: SegmentPosition): void {
    this.#position = position;
  }
  /**
   * Forgets what was written after the committed position. With `keepFile` its space is given back and the file goes on;
   * otherwise it is left as it is (after a failed flush its pages are in doubt) and the next append starts a new one.
   */
  rollback(options: { readonly keepFile: boolean }): void {
    const fd = this.#writer;
    if (fd === null) return;
    if (options.keepFile && this.#writerSegment === this.#position.segment) {
      try {
        this.#end = this.#position.offset;
        return this.files.truncate(fd, this.#position.offset);
      } catch {
        // Then it is not written again; the next start cuts it off.
      }
    }
    this.#closeWriter();
    if (!options.keepFile || this.#writerSegment === this.#position.segment) return;
    try {
      this.files.remove(this.path(this.#writerSegment));
    } catch {
      // No row names it: the next start removes it.
    }
  }
  /** Reads body bytes [from, from + length) of the record at `offset`. */
  read(place: PlacedBody, from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.readInto(place.segment, place.offset + RECORD_HEADER_BYTES + from, bytes);
    return bytes;
  }
  /** Fills an array with the bytes of a segment from an offset on. */
  readInto(segment: number, offset: number, bytes: Uint8Array): void {
    const fd = this.#reader(segment);
    for (let done = 0; done < bytes.length;) {
      const count = this.files.read(fd, bytes, done, bytes.length - done, offset + done);
      if (count === 0) throw new Failure("corrupt", `segment ${segment} ends before its record does`);
      done += count;
    }
  }
  /** What is kept beside the body of the record at `offset`, with the checksum that was written behind it. */
  readIndex(
    place: PlacedBody,
    { length, indexBytes }: { readonly length: number; readonly indexBytes: number },
  ): IndexBytes {
    const bytes = this.read(place, length, besideBytes(indexBytes));
    return { bytes: bytes.subarray(0, indexBytes), crc: getU32(bytes, indexBytes) };
  }
  /** The header of the record at `offset`, or null when none lies there. */
  header(place: PlacedBody): RecordHead | null {
    const bytes = Buffer.alloc(RECORD_HEADER_BYTES);
    const count = this.files.read(this.#reader(place.segment), bytes, 0, bytes.length, place.offset);
    return count === bytes.length ? readRecordHeader(bytes) : null;
  }
  /** Numbers of the segment files that exist, rising. */
  existing(): number[] {
    return this.files.list(this.dir).map((name) => /^(\d{8,})\.seg$/.exec(name)?.[1]).filter((text) =>
      text !== undefined
    )
      .map(Number).sort((a, b) => a - b);
  }
  /** Size of a segment file, or null when there is none. */
  bytesOf(segment: number): number | null {
    return this.files.fileBytes(this.path(segment));
  }
  remove(segment: number): void {
    assert(segment !== this.#position.segment || this.#writer === null, "the open segment is not removed");
    const fd = this.#readers.get(segment);
    if (fd !== undefined) this.files.close(fd);
    this.#readers.delete(segment);
    this.files.remove(this.path(segment));
  }
  /** Renames a segment that no row names, so that it is neither mail nor lost. */
  setAside(segment: number): void {
    this.files.rename(this.path(segment), `${this.path(segment)}.unclaimed`);
  }
  /** Opens the committed segment for appending after cutting off what lies behind the committed offset. */
  openForAppend(): void {
    const fd = this.files.open(this.path(this.#position.segment), "update");
    this.#writer = fd;
    this.#writerSegment = this.#position.segment;
    this.#end = this.#position.offset;
    this.files.truncate(fd, this.#position.offset);
  }
  close(): void {
    this.#closeWriter();
    for (const fd of this.#readers.values()) closeQuietly(this.files, fd);
    this.#readers.clear();
  }
  #startSegment(): number {
    this.flush();
    this.#closeWriter();
    // A file left by a failed attempt keeps its number; numbers are never used twice.
    const segment = Math.max(this.#position.segment, this.#writerSegment, this.existing().at(-1) ?? 0) + 1;
    this.#writer = this.files.open(this.path(segment), "create");
    this.#writerSegment = segment;
    this.#end = 0;
    this.files.syncDirectory(this.dir);
    return segment;
  }
  /** Lays zeros behind a group that made the file grow, as far as the segment goes. */
  #layAhead(end: number, groupBytes: number): void {
    if (end <= this.#end) return;
    this.#end = end;
    const { segmentBytesMax, aheadFromBytes = AHEAD_FROM_BYTES } = this.limits;
    const bytes = Math.min(AHEAD_BYTES, segmentBytesMax - end);
    if (groupBytes > SMALL_GROUP_BYTES || end < aheadFromBytes || bytes <= 0) return;
    try {
      this.files.write(this.#writerFd(), new Uint8Array(bytes), end);
      this.#end = end + bytes;
    } catch (error) {
      // It is for speed alone: a device that has room for the group takes it.
      if (diskFailure(error)?.kind !== "disk_full") throw error;
    }
  }
  /** A segment that is full has no use for what was laid ahead. */
  #takeAheadBack(): void {
    const { segment, offset } = this.#position;
    if (this.#writer === null || this.#writerSegment !== segment || this.#end <= offset) return;
    this.files.truncate(this.#writer, offset);
  }
  #writerFd(): number {
    assert(this.#writer !== null, "a segment is open for appending");
    return this.#writer;
  }
  #closeWriter(): void {
    if (this.#writer !== null) closeQuietly(this.files, this.#writer);
    this.#writer = null;
    this.#unflushed = false;
  }
  /** Least recently used goes first. */
  #reader(segment: number): number {
    const known = this.#readers.get(segment);
    if (known !== undefined) {
      if (this.#readers.size > 1) {
        this.#readers.delete(segment);
        this.#readers.set(segment, known);
      }
      return known;
    }
    const oldest = this.#readers.entries().next();
    if (this.#readers.size >= this.limits.openSegmentsMax && !oldest.done) {
      this.#readers.delete(oldest.value[0]);
      closeQuietly(this.files, oldest.value[1]);
    }
    const fd = this.files.open(this.path(segment), "read");
    this.#readers.set(segment, fd);
    return fd;
  }
}

/** Gathers what is appended into few large writes. */
class BufferedWriter {
  #used = 0;
  constructor(
    private readonly buffer: Buffer,
    private readonly files: FileSystem,
    private readonly fd: number,
    /** Where the next byte goes in the file. */
    public offset: number,
  ) {}
  header(record: BodyRecord, seq: number): void {
    if (this.#used + RECORD_HEADER_BYTES > this.buffer.length) this.flush();
    const at = this.#used;
    this.buffer.writeUInt32BE(RECORD_MAGIC, at);
    this.buffer.writeUInt32BE(record.size, at + 8);
    this.buffer.writeUInt32BE(record.crc, at + 12);
    this.buffer.writeUIntBE(record.body, at + 16, 6);
    this.buffer.writeUIntBE(seq, at + 22, 6);
    this.buffer.writeUInt32BE(record.index?.bytes.length ?? 0, at + 28);
    this.buffer.writeUInt32BE(
      crc32c(new Uint8Array(this.buffer.buffer, this.buffer.byteOffset + at + 8, RECORD_HEADER_BYTES - 8)),
      at + 4,
    );
    this.#used += RECORD_HEADER_BYTES;
    this.offset += RECORD_HEADER_BYTES;
  }
  index({ bytes, crc }: IndexBytes): void {
    this.write(bytes);
    const behind = new Uint8Array(CRC_BYTES);
    putU32(behind, 0, crc);
    this.write(behind);
  }
  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.buffer.length) this.flush();
    if (bytes.length > this.buffer.length) {
      this.files.write(this.fd, bytes, this.offset);
    } else {
      this.buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
    this.offset += bytes.length;
  }
  flush(): void {
    if (this.#used > 0) this.files.write(this.fd, this.buffer.subarray(0, this.#used), this.offset - this.#used);
    this.#used = 0;
  }
}

/** What the header of a record says; null when it is none. */
export function readRecordHeader(bytes: Buffer): RecordHead | null {
  if (bytes.readUInt32BE(0) !== RECORD_MAGIC || bytes.readUInt32BE(4) !== crc32c(bytes.subarray(8))) return null;
  return {
    length: bytes.readUInt32BE(8),
    crc: bytes.readUInt32BE(12),
    body: bytes.readUIntBE(16, 6),
    indexBytes: bytes.readUInt32BE(28),
  };
}

/** Where records lie that are written one behind the other. */
function placesFrom({ segment, offset }: PlacedBody, records: readonly BodyRecord[]): PlacedRecord[] {
  return records.map(({ size, index }) => {
    const place = { segment, offset, indexBytes: index?.bytes.length ?? 0 };
    offset += recordBytes({ length: size, indexBytes: place.indexBytes });
    return place;
  });
}

function hasIndex(body: BodyRecord): body is BodyRecord & { readonly index: IndexBytes } {
  return (body.index?.bytes.length ?? 0) > 0;
}

function closeQuietly(files: FileSystem, fd: number): void {
  try {
    files.close(fd);
  } catch {
    // Nothing is lost: what was durable stays so, what was not has failed already.
  }
}
