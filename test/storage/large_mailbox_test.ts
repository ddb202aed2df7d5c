/** What is read to show a mailbox does not grow with its messages. */
import { assert, assertEquals } from "@std/assert";
import { rmSync } from "node:fs";
import { FakeClock, seededRandom, SILENT, utf8 } from "../../src/base/mod.ts";
import { DEFAULT_LIMITS, LocalLog, nodeFiles } from "../../src/storage/mod.ts";
import { type IndexEnv, LmdbIndex } from "../../src/storage/index_env.ts";
import { LoggedShard } from "../../src/storage/logged_shard.ts";
import { ShardState } from "../../src/storage/shard_state.ts";
import { ANNA, mail, temporaryDirectory } from "./support.ts";

/** An index that counts the rows it is asked for, and their bytes. */
class CountingIndex extends LmdbIndex {
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

async function withShard(run: (shard: LoggedShard, index: CountingIndex) => Promise<void>): Promise<void> {
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

async function fill(shard: LoggedShard, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const keywords = appends % 2 === 0 ? ["even"] : [];
    const message = { parts: [utf8("x")], index: null, flags: 0, keywords, internalDateMs: from };
    const messages = Array.from({ length: Math.min(1_000, count - from) }, () => message);
    await shard.append({ opId: `fill-${appends++}`, account: ANNA, mailbox: 1, quotaBytes: 0, messages, savedMs: 1 });
  }
}

Deno.test("opening, counting and paging a mailbox of 100,000 messages reads as few rows as one of 1,000", () =>
  withShard(async (shard, index) => {
    const cost = (ask: () => unknown) => {
      [index.rows, index.bytes] = [0, 0];
      ask();
      return [index.rows, index.bytes] as const;
    };
    const looks = () => {
      // What is above the index is in memory, and bounded.
      shard.state.checkpoint();
      return {
        open:
          cost(() => [shard.mailboxNamed(ANNA, "INBOX" as never), shard.status(ANNA, 1), shard.keywords(ANNA, 1)])[0],
        page: cost(() => shard.rowsAt(ANNA, 1, 500, { limit: 50, index: false }))[0],
        one: cost(() => shard.fetch(ANNA, 1, { uid: 700, offset: 0, length: 10 }))[0],
        changes: cost(() => shard.changes(ANNA, 1, shard.status(ANNA, 1).highestModSeq))[0] > 30,
      };
    };
    await fill(shard, 1_000);
    await shard.deliver(mail("last"));
    const small = looks();
    await fill(shard, 99_000);
    await shard.deliver(mail("last"));
    assertEquals(looks(), small);
    const { blocks, rows } = shard.blockCounts(ANNA, 1);
    assertEquals([blocks.length, rows.reduce((sum, each) => sum + each, 0)], [1_563, 100_002]);
    const [read, bytes] = cost(() => shard.blockCounts(ANNA, 1));
    assert(read <= 4 && bytes < 2_000, `${read} rows of ${bytes} bytes`);
  }));

Deno.test("a delivery into a large mailbox touches no row of its old messages", () =>
  withShard(async (shard, index) => {
    await fill(shard, 20_000);
    const cost = async (body: string) => {
      [index.rows, index.bytes] = [0, 0];
      await shard.deliver(mail(body));
      return index.bytes;
    };
    for (let i = 0; i < 70; i++) assert(await cost(`${i}`) < 9_000);
  }));
