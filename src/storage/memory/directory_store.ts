import { Buffer } from "node:buffer";
import { Failure, utf8 } from "../../base/mod.ts";
import type { DirectoryRow, DirectoryStore, DirectoryTable, DirectoryWrite, KeyRange } from "../directory_store.ts";

/** A directory that is gone with the process: for tests and the simulator. */
export class MemoryDirectoryStore implements DirectoryStore {
  #version = 0;
  readonly #rows = new Map<string, { table: DirectoryTable; key: string; json: string }>();
  /** What the next commit throws instead of happening. */
  failNext: Error | null = null;
  /** Whether reading everything fails. */
  unreadable = false;

  version(): number {
    return this.#version;
  }
  get(table: DirectoryTable, key: string): DirectoryRow | null {
    const row = this.#rows.get(`${table} ${key}`);
    return row === undefined ? null : JSON.parse(row.json);
  }
  all(table: DirectoryTable): DirectoryRow[] {
    if (this.unreadable) throw new Failure("disk", "the disk cannot be read");
    return [...this.#rows.values()].filter((row) => row.table === table)
      .sort((a, b) => a.key < b.key ? -1 : 1)
      .map((row) => JSON.parse(row.json));
  }
  page(table: DirectoryTable, { prefix, after, limit }: KeyRange): DirectoryRow[] {
    const compare = (a: string, b: string) => Buffer.compare(utf8(a), utf8(b));
    return [...this.#rows.values()]
      .filter(({ table: its, key }) =>
        its === table && key.startsWith(prefix) && (after === null || compare(key, after) > 0)
      )
      .sort((a, b) => compare(a.key, b.key))
      .slice(0, limit)
      .map(({ json }) => JSON.parse(json));
  }
  commit(version: number, writes: readonly DirectoryWrite[]): void {
    const failure = this.failNext;
    this.failNext = null;
    if (failure !== null) throw failure;
    for (const { table, key, row } of writes) {
      if (row === null) this.#rows.delete(`${table} ${key}`);
      else this.#rows.set(`${table} ${key}`, { table, key, json: JSON.stringify(row) });
    }
    this.#version = version;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
