import { DatabaseSync } from "node:sqlite";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Failure } from "../../base/mod.ts";

/** Holds a data directory until it is released or the process ends. */
export interface DirectoryLock {
  release(): void;
}

/** Keeps the locks from the garbage collector, which would release them, when nobody else holds on to them. */
const HELD = new Set<DatabaseSync>();

/** SQLITE_BUSY and SQLITE_LOCKED. */
const BUSY: readonly unknown[] = [5, 6];

/**
 * Makes this process the only owner of a data directory. Throws Failure `locked` when another process has it. The lock is
 * SQLite's lock on `lock.db`: the kernel drops it with the process, however that ends, also across containers.
 */
export function lockDataDirectory(dir: string): DirectoryLock {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const owner = `${dir}/lock.pid`;
  const database = new DatabaseSync(`${dir}/lock.db`);
  try {
    database.exec("PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const { errcode, message } = error as { errcode?: unknown; message?: unknown };
    if (!BUSY.includes(errcode) && !/locked/.test(String(message))) throw error;
    throw new Failure("locked", `another process${ownerOf(owner)} uses the data directory ${dir}`, { cause: error });
  }
  writeFileSync(owner, `${process.pid}\n`, { mode: 0o600 });
  HELD.add(database);
  return {
    release() {
      if (HELD.delete(database)) database.close();
    },
  };
}

function ownerOf(path: string): string {
  try {
    return ` (pid ${Number.parseInt(readFileSync(path, "utf8"), 10)})`;
  } catch {
    return "";
  }
}
