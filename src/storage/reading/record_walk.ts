import type { IndexEnv } from "../disk/index_env.ts";
import { segmentKey } from "../layout/keys.ts";
import { getU32, getU48 } from "../layout/pack.ts";
import type { Rooms } from "./rooms.ts";
import { RECORD_HEADER_BYTES, RECORD_MAGIC, recordBytes, type Segments } from "../disk/segments.ts";
import { type BodyPlace, decodeSegmentUse } from "../layout/values.ts";

/** Bytes read at once: more and more while one record after the other is wanted, up to what the caches of a processor hold. */
const READ_BYTES_MIN = 8 * 1024;
const READ_BYTES_MAX = 256 * 1024;
/** Bytes of records that are walked over to one that is wanted: asking the index is cheaper than reading more. */
const SKIPPED_BYTES_MAX = 16 * 1024;

/** What the header of a record says of its body. */
interface Head {
  readonly length: number;
  readonly crc: number;
}

/**
 * Walks from record to record of a segment. What lies below the committed end of a segment never changes, and no number of a body
 * is used twice: so a record there that bears the number, and whose body has its checksum, is that body, wherever the index says
 * that it lies by now.
 */
export class RecordWalk {
  #segment = 0;
  /** Where the next record begins, and how far the segment is committed. */
  #next = 0;
  #end = 0;
  /** What was read, and where in the segment. */
  #bytes: Uint8Array = new Uint8Array();
  #start = 0;
  #ahead = READ_BYTES_MIN;
  /** Where the body of the last record begins in what was read. */
  #body = 0;
  #length = 0;
  constructor(private readonly state: { readonly index: IndexEnv; readonly segments: Segments }) {}

  /** The body that was found last; until something else is read. */
  get body(): Uint8Array {
    return this.#bytes.subarray(this.#body, this.#body + this.#length);
  }

  /** Forgets where it is. */
  rest(): void {
    this.#segment = this.#next = this.#end = 0;
    this.#bytes = new Uint8Array();
  }

  /** Goes on to the record of a body, if it lies close behind; null when it does not. Throws what the disk says. */
  to(body: number, rooms: Rooms): Head | null {
    for (let skipped = 0; skipped <= SKIPPED_BYTES_MAX;) {
      if (this.#next + RECORD_HEADER_BYTES > this.#end) return null;
      this.#hold(this.#next, RECORD_HEADER_BYTES, rooms);
      const at = this.#next - this.#start;
      if (getU32(this.#bytes, at) !== RECORD_MAGIC) return null;
      const length = getU32(this.#bytes, at + 8);
      const crc = getU32(this.#bytes, at + 12);
      const found = getU48(this.#bytes, at + 16);
      const bytes = recordBytes({ length, indexBytes: getU32(this.#bytes, at + 28) });
      if (this.#next + bytes > this.#end) return null;
      if (found === body) {
        this.#take(length, bytes, rooms);
        return { length, crc };
      }
      skipped += bytes;
      this.#next += bytes;
    }
    return null;
  }

  /** Goes to where the index says that a body lies, and answers it. Throws what the disk says. */
  jump(place: BodyPlace, rooms: Rooms): Uint8Array {
    const { segment, offset, length } = place;
    if (segment !== this.#segment) {
      this.rest();
      this.#segment = segment;
      this.#end = this.#committed(segment);
    }
    this.#ahead = Math.max(READ_BYTES_MIN, this.#ahead / 2);
    this.#next = offset;
    this.#take(length, recordBytes(place), rooms);
    return this.body;
  }

  /** Stands behind the record that begins here, and holds its body. */
  #take(length: number, bytes: number, rooms: Rooms): void {
    this.#hold(this.#next, RECORD_HEADER_BYTES + length, rooms);
    this.#body = this.#next - this.#start + RECORD_HEADER_BYTES;
    this.#length = length;
    this.#next += bytes;
  }

  /** Reads on when what is wanted has not all been read. */
  #hold(offset: number, length: number, rooms: Rooms): void {
    const held = this.#start + this.#bytes.length;
    if (offset >= this.#start && offset + length <= held) return;
    // Behind what was read: it is read one after the other.
    if (offset >= this.#start && offset <= held) this.#ahead = Math.min(READ_BYTES_MAX, 2 * this.#ahead);
    const bytes = rooms.forReading(Math.max(length, Math.min(this.#ahead, this.#end - offset)));
    this.#bytes = new Uint8Array();
    this.state.segments.readInto(this.#segment, offset, bytes);
    this.#bytes = bytes;
    this.#start = offset;
  }

  /** The end of what is committed of a segment. */
  #committed(segment: number): number {
    const { position } = this.state.segments;
    if (segment === position.segment) return position.offset;
    const stored = this.state.index.get(segmentKey(segment));
    return stored === undefined ? 0 : decodeSegmentUse(stored).bytes;
  }
}
