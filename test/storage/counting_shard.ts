import { assert } from "@std/assert";
import { rmSync } from "node:fs";
import { FakeClock, seededRandom, SILENT, utf8 } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, LocalLog, nodeFiles } from "../../src/storage/mod.ts";
import { type IndexEnv, LmdbIndex } from "../../src/storage/disk/index_env.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { ANNA, temporaryDirectory } from "./support.ts";

/** An index that counts the rows it is asked for, and their bytes. */
export class CountingIndex extends LmdbIndex {
  rows = 0;
  bytes = 0;
  override get(key: Uint8Array): Uint8Array | undefined {
    return this.#count(super.get(key));
  }
  override range(options: Parameters<IndexEnv["range"]>[0]): ReturnType<IndexEnv["range"]> {
    const found = super.range(options);
    for (const { value } of found) this.#count(value);
    return found;
  }
  #count<T extends Uint8Array | undefined>(value: T): T {
    this.rows++;
    this.bytes += value?.length ?? 0;
    return value;
  }
}

/** Runs with a shard on the disk. What is above its index is not counted: it is in memory, and bounded. */
export async function withShard(run: (shard: LoggedShard, index: CountingIndex) => Promise<void>): Promise<void> {
  const dir = temporaryDirectory();
  const files = nodeFiles();
  let index: CountingIndex | null = null;
  const state = new ShardState({
    dir: `${dir}/shards/000`,
    shard: 0,
    shardCount: 1,
    files,
    log: SILENT,
    random: seededRandom(1),
    wallMs: 1e12,
    limits: DEFAULT_LIMITS,
    openIndex: (path) => index = new CountingIndex(path, files),
  });
  const shard = new LoggedShard(state, new LocalLog(state), {
    number: 0,
    dir: `${dir}/shards/000`,
    node: "a",
    clock: new FakeClock(),
    log: SILENT,
    files,
    limits: DEFAULT_LIMITS,
    defer: (run) => void setImmediate(run),
  });
  try {
    await shard.open();
    assert(index !== null);
    await run(shard, index);
  } finally {
    await shard.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

let appends = 0;

/** Puts so many small messages into a mailbox. */
export async function fill(shard: LoggedShard, count: number, mailbox = 1): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const keywords = appends % 2 === 0 ? ["even"] : [];
    const message = { parts: [utf8("x")], index: null, flags: 0, keywords, internalDateMs: from };
    const messages = Array.from({ length: Math.min(1_000, count - from) }, () => message);
    await shard.append({ opId: `fill-${appends++}`, account: ANNA, mailbox, quotaBytes: 0, messages, savedMs: 1 });
  }
}
