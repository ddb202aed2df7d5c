/** What a durable delivery costs into an empty mailbox and into one of 100,000 messages: it must not grow by more than a fifth. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT, systemClock, systemRandom } from "../../src/base/mod.ts";
import type { AccountId } from "../../src/mail/account.ts";
import { openMailStore, type ShardStore } from "../../src/storage/mod.ts";

export interface MailboxSizeFigures {
  readonly messages: number;
  /** Median time of one delivery when 50 form a group, in µs. */
  readonly emptyUs: number;
  readonly fullUs: number;
  /** Median time of `status`, of one page of 50 rows, and of the counts of all blocks, in µs. */
  readonly statusUs: number;
  readonly pageUs: number;
  readonly countsUs: number;
  readonly ratio: number;
}

const GROUP = 50;
const BODY = new Uint8Array(1_024).fill(0x61);

async function group(shard: ShardStore, account: string, tag: string): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: GROUP }, (_, i) =>
    shard.deliver({
      opId: `${tag}-${i}`,
      targets: [{ account: account as AccountId, quotaBytes: 0 }],
      mailbox: 1,
      flags: 0,
      parts: [BODY],
      internalDateMs: 0,
    })));
  return (performance.now() - start) * 1000 / GROUP;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Fills one mailbox, then delivers in turn to it and to mailboxes that are empty, so that both meet the same machine. */
export async function run(options: { messages?: number; rounds?: number } = {}): Promise<MailboxSizeFigures> {
  const { messages = 100_000, rounds = 200 } = options;
  const dir = mkdtempSync(join(tmpdir(), "bench-mailbox-size-"));
  const store = await openMailStore({
    dir,
    shards: [0],
    shardCount: 1,
    clock: systemClock(),
    random: systemRandom(),
    log: SILENT,
  });
  try {
    const shard = store.shard(0);
    for (let i = 0; i < messages / 1_000; i++) {
      await Promise.all(Array.from({ length: 1_000 / GROUP }, (_, j) => group(shard, "full", `fill-${i}-${j}`)));
    }
    const [empty, full]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      empty.push(await group(shard, `empty${round}`, `empty-${round}`));
      full.push(await group(shard, "full", `full-${round}`));
    }
    const timed = (ask: () => unknown) => {
      const times = Array.from({ length: 1_000 }, () => {
        const start = performance.now();
        ask();
        return (performance.now() - start) * 1000;
      });
      return median(times);
    };
    const account = "full" as AccountId;
    const [emptyUs, fullUs] = [median(empty), median(full)];
    return {
      messages,
      emptyUs,
      fullUs,
      statusUs: timed(() => shard.status(account, 1)),
      pageUs: timed(() => shard.rowsAt(account, 1, messages / 2, { limit: 50, index: false })),
      countsUs: timed(() => shard.blockCounts(account, 1)),
      ratio: fullUs / emptyUs,
    };
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(await run());
