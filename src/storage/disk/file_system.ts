import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";

/** The file calls of the store, so that a test can fail, tear or forget any of them. All are synchronous and throw. */
export interface FileSystem {
  makeDirectory(path: string): void;
  /** Names in a directory, in any order. */
  list(path: string): string[];
  /** Opens for reading, or makes the file (which must not exist) and opens it for both. */
  open(path: string, mode: "read" | "update" | "create"): number;
  close(fd: number): void;
  /** Reads up to `length` bytes at `position` into `into` at `at`; answers how many came. */
  read(fd: number, into: Uint8Array, at: number, length: number, position: number): number;
  /** Writes all bytes at `position`. */
  write(fd: number, bytes: Uint8Array, position: number): void;
  truncate(fd: number, length: number): void;
  size(fd: number): number;
  /** Returns when the data is on the disk. */
  syncData(fd: number): void;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): void;
  remove(path: string): void;
  rename(from: string, to: string): void;
  /** Free bytes on the device, or null when it cannot be known. */
  freeBytes(path: string): number | null;
  /** Size of the device, or null when it cannot be known. */
  deviceBytes(path: string): number | null;
  /** Size of a file by name, or null when there is none. */
  fileBytes(path: string): number | null;
  /** Tells a file from its copies, however like it they are; null when there is none, or it cannot be told. */
  identity(path: string): string | null;
}

/** The machine's files through node:fs. */
export function nodeFiles(): FileSystem {
  return {
    makeDirectory: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
    list: (path) => existsSync(path) ? readdirSync(path) : [],
    open: (path, mode) => openSync(path, mode === "read" ? "r" : mode === "update" ? "r+" : "wx+", 0o600),
    close: (fd) => closeSync(fd),
    read: (fd, into, at, length, position) => readSync(fd, into, at, length, position),
    write(fd, bytes, position) {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(fd, bytes, done, bytes.length - done, position + done);
      }
    },
    truncate: (fd, length) => ftruncateSync(fd, length),
    size: (fd) => fstatSync(fd).size,
    syncData: (fd) => fdatasyncSync(fd),
    syncDirectory(path) {
      const fd = openSync(path, "r");
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
    remove: (path) => unlinkSync(path),
    rename: (from, to) => renameSync(from, to),
    freeBytes(path) {
      try {
        const { bavail, bsize } = statfsSync(path);
        return bavail * bsize;
      } catch {
        return null; // A worker without that permission: the disk itself will say when it is full.
      }
    },
    deviceBytes(path) {
      try {
        const { blocks, bsize } = statfsSync(path);
        return blocks * bsize;
      } catch {
        return null;
      }
    },
    fileBytes: (path) => statSync(path, { throwIfNoEntry: false })?.size ?? null,
    identity(path) {
      const stat = statSync(path, { throwIfNoEntry: false });
      // Numbers of files are used again, so the time at which it was made belongs to it.
      return stat === undefined ? null : `${stat.ino}/${Math.floor(stat.birthtimeMs || 0)}`;
    },
  };
}
