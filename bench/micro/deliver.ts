import { open } from "lmdb";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT, systemClock, systemRandom } from "../../src/base/mod.ts";
import { type AccountId, INBOX_ID } from "../../src/mail/mod.ts";
import { openMailStore, type ShardStore } from "../../src/storage/mod.ts";
import { type BenchContext, figure, type Findings, noFindings } from "../figures.ts";
import { compare, effort } from "./compare.ts";

const BODY_BYTES = 4_096;
const ACCOUNTS = 100;
const REFERENCE = "lmdb put";
/** Messages in the mailbox that must take new ones as fast as an empty one, and how many are filled in at once. */
const LARGE_MAILBOX = 100_000;
const FILL_GROUP = 1_000;
const EMPTY = "empty mailbox";

/** Groups of deliveries made durable, beside LMDB alone with the same bytes; and a full mailbox beside an empty one. */
export async function benchDeliver(context: BenchContext): Promise<Findings> {
  const findings = noFindings();
  const dir = mkdtempSync(join(tmpdir(), "stagepost-bench-"));
  const lmdb = open<Uint8Array, number>({
    path: join(dir, "reference"),
    encoding: "binary",
    overlappingSync: false,
    mapSize: 64 * 1_073_741_824,
  });
  const store = await openMailStore({
    dir: join(dir, "store"),
    shards: [0],
    shardCount: 1,
    clock: systemClock(),
    random: systemRandom(),
    log: SILENT,
  });
  try {
    const shard = new Deliveries(store.shard(0));
    for (const group of [16, 64]) {
      context.note(`deliver: groups of ${group}`);
      let key = 0;
      const body = shard.body;
      const putGroup = () =>
        lmdb.transactionSync(() => {
          for (let i = 0; i < group; i++) void lmdb.put(key++, body);
        });
      const times = await compare([
        { name: "store", operations: group, run: () => shard.group(group, spread) },
        { name: REFERENCE, operations: group, run: putGroup },
      ], effort(context.quick));
      findings.figures.push(
        figure(`deliver/4KB in groups of ${group}`, { unit: "µs", better: "lower", rounds: times.get("store")! }, {
          name: REFERENCE,
          rounds: times.get(REFERENCE)!,
        }),
      );
    }
    await flatness(shard, { context, findings });
    shard.verify(findings);
  } finally {
    await store.close();
    await lmdb.close();
    rmSync(dir, { recursive: true, force: true });
  }
  return findings;
}

/** Delivery to a mailbox of 100,000 messages beside one to an empty mailbox. */
async function flatness(
  shard: Deliveries,
  { context, findings }: { context: BenchContext; findings: Findings },
): Promise<void> {
  context.note(`deliver: filling a mailbox with ${LARGE_MAILBOX} messages`);
  for (let i = 0; i < LARGE_MAILBOX; i += FILL_GROUP) await shard.group(FILL_GROUP, () => "large", SMALL_BODY);
  const times = await compare([
    { name: "large", operations: 16, run: () => shard.group(16, () => "large") },
    { name: EMPTY, operations: 16, run: () => shard.group(16, () => "small") },
  ], effort(context.quick));
  findings.figures.push(
    figure(`deliver/mailbox of ${LARGE_MAILBOX}`, { unit: "µs", better: "lower", rounds: times.get("large")! }, {
      name: EMPTY,
      rounds: times.get(EMPTY)!,
    }),
  );
}

const SMALL_BODY = new TextEncoder().encode("Subject: filler\r\n\r\nfiller\r\n");
const spread = (serial: number) => `u${serial % ACCOUNTS}`;

class Deliveries {
  readonly body = new Uint8Array(BODY_BYTES).fill(65);
  readonly #delivered = new Map<string, number>();
  #serial = 0;

  constructor(private readonly shard: ShardStore) {}

  /** Asks for `count` deliveries in one turn and resolves when all are durable. */
  async group(count: number, accountOf: (serial: number) => string, body: Uint8Array = this.body): Promise<void> {
    const asked: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      const serial = this.#serial++;
      const account = accountOf(serial);
      this.#delivered.set(account, (this.#delivered.get(account) ?? 0) + 1);
      const targets = [{ account: account as AccountId, quotaBytes: 0 }];
      const opId = `bench-${serial}`;
      asked.push(
        this.shard.deliver({ opId, targets, mailbox: INBOX_ID, flags: 0, parts: [body], internalDateMs: serial }),
      );
    }
    await Promise.all(asked);
  }

  verify(findings: Findings): void {
    for (const [account, count] of this.#delivered) {
      const { messages } = this.shard.status(account as AccountId, INBOX_ID);
      if (messages !== count) findings.errors.push(`deliver: ${account} holds ${messages} of ${count} messages`);
    }
  }
}
