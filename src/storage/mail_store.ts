import { Failure } from "../base/mod.ts";
import { nodeFiles } from "./disk/file_system.ts";
import { LmdbIndex } from "./disk/index_env.ts";
import { DEFAULT_LIMITS, fittedLimits, type StoreLimits } from "./limits.ts";
import { LoggedShard } from "./logged_shard.ts";
import { LocalLog } from "./shard_log.ts";
import { ShardState } from "./shard_state.ts";
import { openFiles } from "./disk/store_files.ts";
import type { MailStore, MailStoreOptions, ShardStore, VerifyEvent, VerifyOptions } from "./types.ts";
import { verifyShard } from "./verify.ts";

/** Most shards a data directory may have. */
export const SHARDS_MAX = 1_000;

/** Directory of a shard below the data directory. */
export function shardDirectory(dir: string, shard: number): string {
  return `${dir}/shards/${String(shard).padStart(3, "0")}`;
}

/**
 * Opens the shards of one worker. Rejects with Failure `schema` when another version of the program or another number of
 * shards made the data, `disk` when the files cannot be opened.
 */
export async function openMailStore(options: MailStoreOptions): Promise<MailStore> {
  const device = (options.files ?? nodeFiles()).deviceBytes(options.dir);
  const limits = fittedLimits({ ...DEFAULT_LIMITS, ...options.limits }, device);
  checkShards(options);
  const shards = new Map<number, LoggedShard>();
  try {
    for (const number of options.shards) shards.set(number, await openShard(number, options, limits));
  } catch (error) {
    for (const shard of shards.values()) await shard.close();
    throw error;
  }
  return new OwnedShards(shards, options.defer ?? later);
}

function checkShards({ shards, shardCount }: MailStoreOptions): void {
  if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > SHARDS_MAX) {
    throw new Failure("invalid", `a data directory has 1 to ${SHARDS_MAX} shards`);
  }
  for (const number of shards) {
    if (!Number.isInteger(number) || number < 0 || number >= shardCount) {
      throw new Failure("invalid", `there is no shard ${number} among ${shardCount}`);
    }
  }
}

async function openShard(number: number, options: MailStoreOptions, limits: StoreLimits): Promise<LoggedShard> {
  const files = options.files ?? nodeFiles();
  const dir = shardDirectory(options.dir, number);
  const log = options.log.child({ shard: number });
  const { clock, random, shardCount } = options;
  const owner = options.owner === undefined ? {} : { owner: options.owner };
  const wallMs = clock.wallMs();
  const common = { dir, shard: number, shardCount, files, log, random, wallMs, limits, ...owner };
  const state = await openFiles(
    (path) => new LmdbIndex(path, files),
    (openIndex) => new ShardState({ ...common, openIndex }),
  );
  const defer = options.defer ?? later;
  const shard = new LoggedShard(state, new LocalLog(state), {
    number,
    dir,
    node: "local",
    clock,
    log,
    files,
    limits,
    defer,
    ...(options.columns === undefined ? {} : { columns: options.columns }),
  });
  try {
    await shard.open();
  } catch (error) {
    await state.close();
    throw error;
  }
  return shard;
}

function later(run: () => void): void {
  setImmediate(run);
}

class OwnedShards implements MailStore {
  constructor(
    private readonly shards: ReadonlyMap<number, LoggedShard>,
    private readonly defer: (run: () => void) => void,
  ) {}
  shard(number: number): ShardStore {
    const shard = this.shards.get(number);
    if (shard === undefined) throw new Failure("not_found", `shard ${number} is not owned here`);
    return shard;
  }
  async *verify(options: VerifyOptions = {}): AsyncIterable<VerifyEvent> {
    for (const [number, shard] of this.shards) {
      if (options.shards === undefined || options.shards.includes(number)) {
        yield* verifyShard(shard, options, this.defer);
      }
    }
  }
  async close(): Promise<void> {
    for (const shard of this.shards.values()) await shard.close();
  }
}
