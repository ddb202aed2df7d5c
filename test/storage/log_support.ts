import { Buffer } from "node:buffer";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { FakeClock, seededRandom, SILENT } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, type FileSystem, nodeFiles, shardDirectory, type StoreLimits } from "../../src/storage/mod.ts";
import { type IndexEnv, LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { LocalLog } from "../../src/storage/shard_log.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { verifyShard } from "../../src/storage/verify.ts";
import { ANNA, temporaryDirectory, text } from "./support.ts";

export const CHECKPOINT_MS = DEFAULT_LIMITS.unindexedMsMax;
const EVERYTHING = { start: Uint8Array.of(2), end: Uint8Array.of(0xff), limit: Infinity };

export async function inDirectory(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export class WatchedIndex extends LmdbIndex {
  commits = 0;
  full = false;
  beforeCommit = () => {};
  afterCommit = () => {};
  override reserve(bytes: number): void {
    if (this.full && bytes > 0) throw coded("ENOSPC");
    super.reserve(bytes);
  }
  override commit<T>(change: () => T): T {
    this.commits++;
    this.beforeCommit();
    const answer = super.commit(change);
    this.afterCommit();
    return answer;
  }
}

/** What a store does to its disk, in order: "flush", "commit", and of each write where it goes and whether it is just `bytes`. */
export function watchedDisk(bytes: Uint8Array) {
  const done: unknown[] = [];
  const real = nodeFiles();
  const files: FileSystem = {
    ...real,
    write(fd, written, at) {
      done.push([at, Buffer.from(written).equals(bytes)]);
      real.write(fd, written, at);
    },
    syncData(fd) {
      done.push("flush");
      real.syncData(fd);
    },
  };
  const openIndex = (path: string) => {
    const index = new WatchedIndex(path);
    index.beforeCommit = () => void done.push("commit");
    return index;
  };
  return { done, files, openIndex };
}

export function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

interface How {
  readonly limits?: Partial<StoreLimits>;
  readonly files?: FileSystem;
  readonly owner?: string;
  readonly openIndex?: (path: string) => WatchedIndex;
  readonly defer?: (run: () => void) => void;
}

export async function open(dir: string, how: How = {}) {
  const { files = nodeFiles(), defer = (run: () => void) => void setImmediate(run) } = how;
  const clock = new FakeClock();
  let index: WatchedIndex | null = null;
  const place = shardDirectory(dir, 0);
  const limits = { ...DEFAULT_LIMITS, freeBytesMin: 0, ...how.limits };
  const common = { dir: place, files, log: SILENT, limits };
  const state = new ShardState({
    ...common,
    shard: 0,
    shardCount: 1,
    random: seededRandom(7),
    wallMs: clock.wallMs(),
    ...(how.owner === undefined ? {} : { owner: how.owner }),
    openIndex: (path) => index = how.openIndex?.(path) ?? new WatchedIndex(path),
  });
  const shard = new LoggedShard(state, new LocalLog(state), { ...common, number: 0, node: "local", clock, defer });
  try {
    await shard.open();
  } catch (error) {
    await state.close();
    throw error;
  }
  return { shard, state, clock, index: index! as WatchedIndex };
}

/** The files as a crash would leave them now. */
export function crashed(dir: string): string {
  const left = `${dir}/left`;
  rmSync(left, { recursive: true, force: true });
  cpSync(`${dir}/shards`, `${left}/shards`, { recursive: true });
  return left;
}

export function segmentOf(dir: string): string {
  const folder = `${shardDirectory(dir, 0)}/segments`;
  return `${folder}/${readdirSync(folder).sort().at(-1)}`;
}

export async function problems(shard: LoggedShard): Promise<unknown[]> {
  const found = [];
  for await (const event of verifyShard(shard, {}, (run) => void setImmediate(run))) {
    if (event.type === "bad") found.push(event);
  }
  return found;
}

/** All rows of an index. */
export function allOf(index: IndexEnv): string[] {
  return index.range(EVERYTHING).map(({ key, value }) => `${[...key].join()} ${[...value].join()}`);
}

/** All rows, and the header but for what each checkpoint changes. */
export function rowsOf({ index, header }: ShardState): unknown {
  return [allOf(index), { ...header, commits: 0 }];
}

export function texts(shard: LoggedShard): string[] {
  return shard.list(ANNA, 1, 0, 100).rows.map(({ uid }) => text(shard, uid));
}
