import type { Random } from "../../src/base/mod.ts";
import type { FileSystem } from "../../src/storage/mod.ts";
import type { IndexEnv } from "../../src/storage/disk/index_env.ts";
import type { Key } from "../../src/storage/layout/keys.ts";

/** What may go wrong at one step of the disk. */
export type Fault = "ENOSPC" | "EIO" | "crash";

/** Thrown when the power goes: nothing after it happens. */
export class PowerLoss extends Error {}

interface SimFile {
  bytes: Uint8Array;
  /** What is surely on the disk. */
  durable: Uint8Array;
  /** Writes since the last flush, in order; without bytes: the file was cut off there. */
  unsynced: { readonly at: number; readonly bytes: Uint8Array | null }[];
  named: boolean;
}

type Rows = ReadonlyMap<string, Uint8Array>;

/**
 * A disk in memory that forgets, when the power goes, what was not flushed: each write since the last flush is kept, lost
 * or torn; names that were not flushed may be gone; an index commit that was under way counts or does not.
 */
export class SimDisk implements FileSystem {
  #files = new Map<string, SimFile>();
  #removed = new Map<string, SimFile>();
  readonly #open = new Map<number, SimFile>();
  #nextFd = 3;
  #down = false;
  #steps = 0;
  free = 1e15;
  /** Whether flushes do nothing: what a test must notice. */
  lies = false;
  indexRows: Rows = new Map();
  /** What a failed commit may have left on the disk instead. */
  #doubtful: Rows | null = null;
  /** Asked before each step that changes something. */
  fault: (step: number, name: string) => Fault | null = () => null;

  constructor(private readonly random: Random) {}

  get steps(): number {
    return this.#steps;
  }
  /** Writes that a loss of power may undo, whatever an index says. */
  get unflushedWrites(): number {
    const writes = ({ unsynced }: SimFile) => unsynced.filter(({ bytes }) => bytes !== null).length;
    return [...this.#files.values()].reduce((sum, file) => sum + writes(file), 0);
  }
  makeDirectory(): void {}
  identity(): null {
    return null;
  }
  list(path: string): string[] {
    const prefix = `${path}/`;
    return [...this.#files.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }
  open(path: string, mode: "read" | "update" | "create"): number {
    let file = this.#files.get(path);
    if (mode === "create") {
      this.#step("create");
      if (file !== undefined) throw coded("EEXIST");
      file = { bytes: new Uint8Array(0), durable: new Uint8Array(0), unsynced: [], named: false };
      this.#files.set(path, file);
    }
    if (file === undefined) throw coded("ENOENT");
    this.#open.set(this.#nextFd, file);
    return this.#nextFd++;
  }
  close(fd: number): void {
    this.#open.delete(fd);
  }
  /** Whether the power has gone. */
  get isDown(): boolean {
    return this.#down;
  }
  read(fd: number, into: Uint8Array, at: number, length: number, position: number): number {
    const some = this.#of(fd).bytes.subarray(position, position + length);
    into.set(some, at);
    return some.length;
  }
  write(fd: number, bytes: Uint8Array, position: number): void {
    const file = this.#of(fd);
    const fault = this.#ask("write");
    // A write that fails may have written a part.
    const kept = fault === null ? bytes : bytes.subarray(0, Math.floor(this.random.next() * (bytes.length + 1)));
    // A copy: `slice` of a Buffer is none.
    file.unsynced.push({ at: position, bytes: new Uint8Array(kept) });
    file.bytes = written(file.bytes, position, kept);
    raise(fault, () => this.#lose());
  }
  truncate(fd: number, length: number): void {
    this.#step("truncate");
    const file = this.#of(fd);
    file.bytes = file.bytes.slice(0, length);
    file.unsynced.push({ at: length, bytes: null });
    // Whether a cut is on the disk after a crash is as uncertain as a write; what lies behind it must not matter.
  }
  size(fd: number): number {
    return this.#of(fd).bytes.length;
  }
  syncData(fd: number): void {
    const file = this.#of(fd);
    const fault = this.#ask("syncData");
    if (fault === null && !this.lies) {
      // What a flush that failed has marked clean is not written by this one.
      file.durable = flushed(file);
      file.unsynced = [];
    } else if (fault === "EIO" || fault === "ENOSPC") {
      // As Linux does: the pages are marked clean, and a second flush would succeed without them.
      file.durable = survive(file, this.random);
      file.unsynced = [];
    }
    raise(fault, () => this.#lose());
  }
  syncDirectory(): void {
    this.#step("syncDirectory");
    for (const file of this.#files.values()) file.named = true;
    this.#removed.clear();
  }
  remove(path: string): void {
    this.#step("remove");
    const file = this.#files.get(path);
    if (file === undefined) throw coded("ENOENT");
    this.#files.delete(path);
    this.#removed.set(path, file);
  }
  rename(from: string, to: string): void {
    this.#step("rename");
    const file = this.#files.get(from);
    if (file === undefined) throw coded("ENOENT");
    this.#files.delete(from);
    this.#files.set(to, file);
  }
  freeBytes(): number {
    return this.free;
  }
  deviceBytes(): null {
    return null;
  }
  fileBytes(path: string): number | null {
    return this.#files.get(path)?.bytes.length ?? null;
  }
  /** Turns a bit of a file's content, on the disk too. */
  flip(path: string, at: number): void {
    const file = this.#files.get(path)!;
    file.bytes[at]! ^= 1;
    file.durable[at]! ^= 1;
  }
  reserveIndex(): void {
    this.#step("reserve");
  }
  commitIndex(rows: Rows): void {
    const fault = this.#ask("commit");
    if (fault === null) {
      this.indexRows = rows;
      this.#doubtful = null;
      return;
    }
    if (fault !== "ENOSPC") this.#doubtful = rows;
    raise(fault, () => this.#lose());
  }
  /** The process is killed, and the machine goes on: the next one finds all that was written, flushed or not. */
  kill(): void {
    this.#down = false;
    this.#open.clear();
  }
  /** The power goes, and comes back: what the next process finds. */
  restart(): void {
    this.#lose();
    this.#down = false;
    if (this.#doubtful !== null && this.random.next() < 0.5) this.indexRows = this.#doubtful;
    this.#doubtful = null;
    this.#open.clear();
    for (const [path, file] of this.#removed) {
      if (this.random.next() < 0.5 && !this.#files.has(path)) this.#files.set(path, file);
    }
    this.#removed.clear();
    for (const [path, file] of this.#files) {
      if (!file.named && this.random.next() < 0.5) {
        this.#files.delete(path);
        continue;
      }
      file.bytes = survive(file, this.random);
      file.durable = file.bytes.slice();
      file.unsynced = [];
      file.named = true;
    }
  }
  #lose(): never | void {
    this.#down = true;
  }
  #ask(name: string): Fault | null {
    if (this.#down) throw new PowerLoss();
    return this.fault(++this.#steps, name);
  }
  #step(name: string): void {
    raise(this.#ask(name), () => this.#lose());
  }
  #of(fd: number): SimFile {
    if (this.#down) throw new PowerLoss();
    const file = this.#open.get(fd);
    if (file === undefined) throw coded("EBADF");
    return file;
  }
}

/** An index in memory that commits to a SimDisk. */
export class SimIndex implements IndexEnv {
  #rows: Map<string, Uint8Array>;
  #sorted: string[] | null = null;
  #refreshed = 0;
  constructor(private readonly disk: SimDisk) {
    this.#rows = new Map(disk.indexRows);
  }
  get(key: Key): Uint8Array | undefined {
    return this.#rows.get(nameOf(key))?.slice();
  }
  peek(key: Key): Uint8Array | undefined {
    return this.get(key);
  }
  refresh(): number {
    return ++this.#refreshed;
  }
  put(key: Key, value: Uint8Array): void {
    const name = nameOf(key);
    if (!this.#rows.has(name)) this.#sorted = null;
    this.#rows.set(name, value.slice());
  }
  remove(key: Key): void {
    if (this.#rows.delete(nameOf(key))) this.#sorted = null;
  }
  range(options: { start: Key; end: Key; limit: number; reverse?: boolean }): { key: Key; value: Uint8Array }[] {
    this.#sorted ??= [...this.#rows.keys()].sort();
    const [start, end] = [nameOf(options.start), nameOf(options.end)];
    const names = this.#sorted.filter((name) => name >= start && name < end);
    if (options.reverse) names.reverse();
    return names.slice(0, options.limit).map((name) => ({ key: keyOf(name), value: this.#rows.get(name)!.slice() }));
  }
  reserve(): void {
    this.disk.reserveIndex();
  }
  commit<T>(change: () => T): T {
    const before = new Map(this.#rows);
    try {
      const result = change();
      this.disk.commitIndex(new Map(this.#rows));
      return result;
    } catch (error) {
      this.#rows = before;
      this.#sorted = null;
      throw error;
    }
  }
  reopen(): void {
    this.#rows = new Map(this.disk.indexRows);
    this.#sorted = null;
  }
  close(): void {}
  gone(): Promise<void> {
    return Promise.resolve();
  }
}

function raise(fault: Fault | null, lose: () => void): void {
  if (fault === null) return;
  if (fault !== "crash") throw coded(fault);
  lose();
  throw new PowerLoss();
}

function coded(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** What a file holds after the power went: flushed bytes, and of each later write all, nothing or a part. */
function survive(file: SimFile, random: Random): Uint8Array {
  let bytes: Uint8Array = file.durable.slice();
  for (const write of file.unsynced) {
    if (write.bytes === null) continue;
    const luck = random.next();
    if (luck < 0.3) continue;
    const part = luck < 0.6 ? write.bytes : write.bytes.subarray(0, Math.floor(random.next() * write.bytes.length));
    bytes = written(bytes, write.at, part);
  }
  return bytes;
}

/** What a file holds on the disk after a flush. */
function flushed({ durable, unsynced }: SimFile): Uint8Array {
  return unsynced.reduce(
    (held, { at, bytes }) => bytes === null ? held.slice(0, at) : written(held, at, bytes),
    durable,
  );
}

function written(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(bytes.length, at + more.length));
  grown.set(bytes);
  grown.set(more, at);
  return grown;
}

/** Keys as strings that sort as their bytes do. */
function nameOf(key: Key): string {
  return String.fromCharCode(...key);
}

function keyOf(name: string): Key {
  return Uint8Array.from(name, (character) => character.charCodeAt(0));
}
