import { Buffer } from "node:buffer";
import { open, type RootDatabase } from "lmdb";
import { Failure } from "../../base/mod.ts";
import { type FileSystem, nodeFiles } from "./file_system.ts";
import type { Key } from "../layout/keys.ts";

/**
 * What the store needs of an ordered, transactional index. Reads see committed state, or inside `commit` its own writes. Values
 * that were put or read are the index's: nobody changes them or hands them on.
 */
export interface IndexEnv {
  get(key: Key): Uint8Array | undefined;
  /** The same without a copy: what it answers is gone with the next read or change. */
  peek(key: Key): Uint8Array | undefined;
  /**
   * What is read from now on is the newest that was committed, also by other owners. Answers another number than the last time
   * when anybody may have committed since.
   */
  refresh(): number;
  put(key: Key, value: Uint8Array): void;
  remove(key: Key): void;
  /** Entries with start <= key < end, at most `limit`; the cursor is closed before this returns. */
  range(options: { start: Key; end: Key; limit: number; reverse?: boolean }): { key: Key; value: Uint8Array }[];
  /** Makes sure that the next commit finds `bytes` of space in the file; throws (ENOSPC) when the device has none. */
  reserve(bytes: number): void;
  /** Runs `change` in one write transaction and returns when it is on the disk; a throw inside undoes all of it. */
  commit<T>(change: () => T): T;
  /** Lets go of the files and opens them anew: the only way on after a failed commit. */
  reopen(): void;
  close(): void;
  /** Resolves when nothing of the closed index is left, timers included. */
  gone(): Promise<void>;
}

/** Address space for one index: sparse, never reached (limits refuse earlier), so that LMDB never has to grow its map. */
const MAP_BYTES = 64 * 1024 * 1024 * 1024;

/** The file grows by this much beyond what is asked for. */
const GROW_BYTES = 1024 * 1024;
const ZEROS = new Uint8Array(256 * 1024);

/**
 * An LMDB environment whose commits are flushed before they return. Its file is filled ahead of its use: a commit that
 * finds its blocks there flushes faster and cannot run out of space, which LMDB takes badly (lmdb-js 3.5.6 formats the
 * error of a failed page write into a buffer that is too short, and may end the process).
 */
export class LmdbIndex implements IndexEnv {
  #db: RootDatabase<Uint8Array, Key> | null;
  /** Bytes at the end of the file that no commit has been promised. */
  #spare = 0;
  #metas: MetaPages;
  #refreshed = 0;
  constructor(private readonly path: string, private readonly files: FileSystem = nodeFiles()) {
    this.#db = openDatabase(path);
    this.#metas = new MetaPages(path, files);
  }
  get(key: Key): Uint8Array | undefined {
    const read = this.#open().getBinaryFast(key);
    return read === undefined ? undefined : copied(read);
  }
  peek(key: Key): Uint8Array | undefined {
    return this.#open().getBinaryFast(key);
  }
  refresh(): number {
    const db = this.#open();
    if (!this.#metas.mayHaveChanged()) return this.#refreshed;
    db.resetReadTxn();
    return ++this.#refreshed;
  }
  put(key: Key, value: Uint8Array): void {
    this.#open().put(key, value);
  }
  remove(key: Key): void {
    this.#open().remove(key);
  }
  range(options: { start: Key; end: Key; limit: number; reverse?: boolean }): { key: Key; value: Uint8Array }[] {
    const { start, end, limit } = options;
    // lmdb-js takes the bounds of a reverse range in the order it walks them.
    const bounds = options.reverse
      ? { start: end, end: start, exclusiveStart: true, inclusiveEnd: true }
      : { start, end };
    const found: { key: Key; value: Uint8Array }[] = [];
    for (const entry of this.#open().getRange({ ...bounds, limit, reverse: options.reverse ?? false })) {
      found.push({ key: entry.key, value: entry.value });
    }
    return found;
  }
  reserve(bytes: number): void {
    this.#spare -= bytes;
    if (this.#spare >= 0) return;
    const { pageSize, used } = this.#stats();
    const fd = this.files.open(this.path, "update");
    try {
      const before = this.files.size(fd);
      let size = Math.ceil(before / pageSize) * pageSize;
      // Only ever behind the end of the file, where no page of LMDB lies.
      try {
        for (; size - used < bytes + GROW_BYTES; size += ZEROS.length) this.files.write(fd, ZEROS, size);
      } catch (error) {
        if (size - used < bytes) {
          this.files.truncate(fd, before);
          throw error;
        }
      }
      this.#spare = size - used - bytes;
    } finally {
      this.files.close(fd);
    }
  }
  /** How much of the file LMDB may read. */
  usedBytes(): number {
    return this.#stats().used;
  }
  #stats(): { readonly pageSize: number; readonly used: number } {
    const { pageSize, lastPageNumber } = this.#open().getStats() as { pageSize: number; lastPageNumber: number };
    return { pageSize, used: (lastPageNumber + 1) * pageSize };
  }
  commit<T>(change: () => T): T {
    this.#metas.willChange();
    return this.#open().transactionSync(change);
  }
  reopen(): void {
    this.close();
    this.#spare = 0;
    this.#db = openDatabase(this.path);
    this.#metas = new MetaPages(this.path, this.files);
  }
  close(): void {
    const db = this.#db;
    this.#db = null;
    if (db === null) return;
    this.#metas.close();
    // Ends the read transaction now: lmdb-js would otherwise reset it from a timer, after the environment is gone.
    try {
      db.resetReadTxn();
    } catch {
      // An environment in panic; closing it is what helps.
    }
    // No asynchronous write is ever made, so this closes before it returns.
    db.close().catch(() => {});
  }
  gone(): Promise<void> {
    // lmdb-js ends each read turn from a timer of 0 ms; one that is started now comes after all of them.
    return new Promise((resolve) => void setTimeout(resolve, 1));
  }
  #open(): RootDatabase<Uint8Array, Key> {
    if (this.#db === null) throw new Failure("disk", "the index is closed");
    return this.#db;
  }
}

/** The two meta pages of LMDB, of which each commit of whomever writes one: so much of the file holds what they say. */
const META_BYTES = 4_096 + 512;

/**
 * Tells by one small read whether anybody may have committed since it was asked last: to begin a new read transaction at every
 * flush, for a look at who owns the store, costs several times as much. It is believed only after it has seen a commit of our own.
 */
class MetaPages {
  #fd: number | null = null;
  #seen = Buffer.alloc(META_BYTES);
  #read = Buffer.alloc(META_BYTES);
  #known = false;
  #believed = false;
  /** We have committed since it was asked last. */
  #own = false;
  constructor(private readonly path: string, private readonly files: FileSystem) {}
  /** A commit of our own comes next. */
  willChange(): void {
    if (!this.#known) this.mayHaveChanged();
    this.#own = true;
  }
  mayHaveChanged(): boolean {
    const fd = this.#fd ??= this.files.open(this.path, "read");
    const length = this.files.read(fd, this.#read, 0, META_BYTES, 0);
    const same = this.#known && length === META_BYTES && Buffer.compare(this.#read, this.#seen) === 0;
    if (this.#own) this.#believed = this.#known && !same;
    this.#own = false;
    this.#known = length === META_BYTES;
    [this.#seen, this.#read] = [this.#read, this.#seen];
    return !(same && this.#believed);
  }
  close(): void {
    if (this.#fd !== null) this.files.close(this.#fd);
    this.#fd = null;
  }
}

/** Shorter than this, bytes are copied one by one: a call costs more. */
const FEW = 48;

/** A copy of what lmdb-js has read, where it will read the next value: only `length` of it is the value. */
function copied(read: Uint8Array): Uint8Array {
  const { length } = read;
  const copy = new Uint8Array(length);
  if (length < FEW) { for (let i = 0; i < length; i++) copy[i] = read[i]!; }
  else copy.set(new Uint8Array(read.buffer, read.byteOffset, length));
  return copy;
}

/**
 * `overlappingSync: false` makes a commit flush data and meta page before it returns; `useWritemap` would turn a full disk
 * into SIGBUS; without `noMemInit` no stale memory reaches the disk.
 */
function openDatabase(path: string): RootDatabase<Uint8Array, Key> {
  const db = open<Uint8Array, Key>({
    path,
    noSubdir: true,
    encoding: "binary",
    keyEncoding: "binary",
    overlappingSync: false,
    noSync: false,
    noMetaSync: false,
    useWritemap: false,
    mapSize: MAP_BYTES,
    maxDbs: 1,
    cache: false,
  });
  db.readerCheck();
  return db;
}
