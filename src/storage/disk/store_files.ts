import { Buffer } from "node:buffer";
import { describeError, Failure, type Log } from "../../base/mod.ts";
import { diskFailure } from "./disk_failure.ts";
import type { FileSystem } from "./file_system.ts";
import { type IndexEnv, LmdbIndex } from "./index_env.ts";
import { allSegments, HEADER_KEY, readSegmentKey } from "../layout/keys.ts";
import { checksum, type SegmentLimits, type SegmentPosition, Segments } from "./segments.ts";

/** What the header row of every store says, beside what is its own. Each commit changes it. */
export interface StoreHeader {
  readonly position: SegmentPosition;
  /** Process that opened the store last, if it said so; see `MailStoreOptions.owner`. */
  readonly owner?: string;
}

export interface StoreFilesOptions<H extends StoreHeader> {
  /** What it holds, for messages: "shard 3". */
  readonly name: string;
  readonly dir: string;
  readonly files: FileSystem;
  readonly log: Log;
  readonly limits: SegmentLimits;
  /** Names this process, if an earlier owner in it may be left. */
  readonly owner?: string;
  /** Opens the index (default LMDB). */
  readonly openIndex?: (path: string) => IndexEnv;
  /** The header of a store that is made anew. */
  readonly makeHeader: () => H;
  readonly encode: (header: H) => Uint8Array;
  /** Throws Failure `schema` or `corrupt`. */
  readonly decode: (stored: Uint8Array) => H;
  /** The open segment goes on behind what is committed: who holds the files reads that first, then calls `openTail`. */
  readonly logged?: boolean;
  /** Directories whose names are made durable when the store is made. */
  readonly parents: readonly string[];
}

/**
 * The files of one store: index and segments, joined by a header row that says how much of the segments is committed. Every
 * change of the index ends with that row, and is refused to an owner whose row is not there any more.
 */
export class StoreFiles<H extends StoreHeader> {
  readonly index: IndexEnv;
  readonly segments: Segments;
  #header: H;
  /** The header's row as this owner wrote or read it last: another one in its place is another owner's. */
  #stored: Uint8Array = new Uint8Array();
  /** The row of a commit that failed, and may be on the disk all the same: it is this owner's, too. */
  #doubtful: Uint8Array | null = null;
  /** What the index answered when the row was last looked at. */
  #checked = -1;
  /** Whether the owner before was a thread of this process. */
  readonly #lostOwner: boolean;
  constructor(private readonly options: StoreFilesOptions<H>) {
    const { dir, files } = options;
    files.makeDirectory(`${dir}/segments`);
    this.index = (options.openIndex ?? ((path) => new LmdbIndex(path, files)))(`${dir}/index.mdb`);
    try {
      this.#header = this.#readHeader() ?? this.#makeHeader();
      this.segments = new Segments(`${dir}/segments`, files, options.limits, this.#header.position);
      this.#lostOwner = options.owner !== undefined && options.owner === this.#header.owner;
      this.#removeUnnamed();
      if (options.logged !== true) this.openTail();
    } catch (error) {
      this.index.close();
      throw error;
    }
  }
  get header(): H {
    return this.#header;
  }
  /**
   * One transaction that ends with the header, and takes the segments along to its position. It sees what every other owner
   * has committed: one that was given up while it hung, and comes to itself when its successor works already, is refused
   * here, and nothing of it counts.
   */
  commit<T>(change: () => { readonly header: H; readonly answer: T }): T {
    const { header, answer, stored } = this.index.commit(() => {
      if (!isSame(this.index.get(HEADER_KEY), this.#stored)) this.#refuse();
      const changed = change();
      const stored = this.#doubtful = this.options.encode(changed.header);
      this.index.put(HEADER_KEY, stored);
      return { ...changed, stored };
    });
    this.#stored = stored;
    this.#doubtful = null;
    this.segments.committed(header.position);
    this.#header = header;
    return answer;
  }
  /** Throws Failure `refused` when another owner has claimed the store, however short a time ago. */
  checkOwner(): void {
    const refreshed = this.index.refresh();
    // Nobody has committed since the row was last seen to be ours.
    if (refreshed === this.#checked) return;
    if (!isSame(this.index.get(HEADER_KEY), this.#stored)) this.#refuse();
    this.#checked = refreshed;
  }
  #refuse(): never {
    throw new Failure("refused", `another owner has claimed the ${this.options.name}`);
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
   * Forgets what a failed change left behind and opens the index anew. `inDoubt` means that a flush failed: the segment is
   * then left as it is and never written again, since even the index may come back one change ahead after a crash. `end`
   * says where the segment ends when that is not the committed position. Throws Failure `refused` when another owner has claimed the
   * store meanwhile: what is read then is that one's, and must not be taken for ours.
   */
  reopen(options: { readonly inDoubt: boolean; readonly end?: (header: H) => SegmentPosition }): void {
    this.index.reopen();
    this.#checked = -1;
    const found = this.index.get(HEADER_KEY);
    if (found === undefined) throw new Failure("corrupt", `the header row of the ${this.options.name} is gone`);
    if (!isSame(found, this.#stored) && !isSame(found, this.#doubtful)) this.#refuse();
    this.#doubtful = null;
    const header = this.#header = this.#read(found);
    this.segments.committed(options.end?.(header) ?? header.position);
    this.segments.rollback({ keepFile: !options.inDoubt });
    this.#checkTail();
  }
  async close(): Promise<void> {
    this.segments.close();
    this.index.close();
    await this.index.gone();
  }
  #readHeader(): H | null {
    const stored = this.index.get(HEADER_KEY);
    return stored === undefined ? null : this.#read(stored);
  }
  #read(stored: Uint8Array): H {
    this.#stored = stored.slice();
    return this.options.decode(stored);
  }
  #makeHeader(): H {
    const { name, files, dir, parents } = this.options;
    if (files.list(`${dir}/segments`).length > 0) {
      throw new Failure("corrupt", `the ${name} has segments of mail but no index: restore both or neither`);
    }
    const header = this.options.makeHeader();
    const stored = this.options.encode(header);
    this.index.commit(() => this.index.put(HEADER_KEY, stored));
    this.#stored = stored;
    for (const path of [dir, ...parents]) files.syncDirectory(path);
    return header;
  }
  /** Files that no row names are removed. */
  #removeUnnamed(): void {
    const { log } = this.options;
    const { segment } = this.#header.position;
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
  }
  /** What lies behind the last committed offset is not mail: it is cut off, and the segment goes on there. */
  openTail(): void {
    const { log } = this.options;
    const { segment, offset } = this.#header.position;
    if (segment === 0) return;
    if (this.#lostOwner) {
      // The owner before was a thread of this process, which may still hang in a write: what it had open is left to it.
      log.warn("the segment of a lost owner is not appended to", { segment });
      return;
    }
    const bytes = this.segments.bytesOf(segment);
    if (bytes !== null && bytes >= offset && this.#checkTail()) {
      // Zeros were laid ahead.
      const rest = this.segments.rest({ segment, offset }).findLastIndex((byte) => byte !== 0) + 1;
      if (rest > 0) log.info("uncommitted bytes cut off", { segment, bytes: rest });
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

function isSame(found: Uint8Array | undefined, row: Uint8Array | null): boolean {
  return found !== undefined && row !== null && Buffer.compare(found, row) === 0;
}

/**
 * Makes what holds a StoreFiles. When that is refused, waits until nothing is left of the index that was opened for it. Rejects
 * with Failure `schema`, `corrupt`, `disk` or `disk_full`.
 */
export async function openFiles<T>(
  open: (path: string) => IndexEnv,
  make: (openIndex: (path: string) => IndexEnv) => T,
): Promise<T> {
  const opened: IndexEnv[] = [];
  try {
    return make((path) => {
      const index = open(path);
      opened.push(index);
      return index;
    });
  } catch (error) {
    for (const index of opened) await index.gone();
    throw diskFailure(error) ?? error;
  }
}
