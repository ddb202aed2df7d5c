import type { DomainName } from "../../mail/domain.ts";
import { shardOfDomain } from "../../mail/placement.ts";
import type { TextProtocol } from "../../messages/mod.ts";
import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { nodeFiles, openMailStore, shardDirectory, TextStore } from "../../storage/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { MAILBOX_ACTOR_PREFIX, type Placement } from "../mailbox_refs.ts";
import { mailboxActor, mailboxShare } from "./actor.ts";
import { INDEX_COLUMNS } from "./index_columns.ts";
import { FieldColumns, PlaceColumns, StoredTexts } from "./search/mod.ts";
import { STORE_ACTOR, storeActor } from "./store_actor.ts";

/** Changes of flags that may wait for a flush together; more are flushed at once. */
const UNFLUSHED_OPS_MAX = 10_000;

/** What a mailbox worker is started with. */
export interface MailboxWorkerConfig {
  /** The data directory; shards lie in `shards/` below it. */
  readonly dataDir: string;
  readonly placement: Placement;
  /** The shards this worker owns. */
  readonly shards: readonly number[];
  /** Deliveries are refused (452 4.3.1) when less than this is free on the disk, in bytes. */
  readonly minFreeBytes: number;
  /** Whether changes of flags are acknowledged before they are flushed. */
  readonly flush: "always" | "optimized";
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Opens the shards and lets mailbox actors be started on demand. */
export async function startMailboxes(host: WorkerHost<MailboxWorkerConfig>): Promise<WorkerHooks<MailboxWorkerConfig>> {
  const { system, config, clock, random, log } = host;
  const { shardCount } = config.placement;
  const owned = new Set(config.shards);
  const store = await openMailStore({
    dir: config.dataDir,
    shards: [...config.shards],
    shardCount,
    owner: String(process.pid),
    clock,
    random,
    log,
    limits: {
      freeBytesMin: config.minFreeBytes,
      unflushedOpsMax: config.flush === "optimized" ? UNFLUSHED_OPS_MAX : 0,
    },
    columns: INDEX_COLUMNS,
  });
  const text = system.ref<TextProtocol>({ node: system.node, worker: "policy", actor: "text" });
  const share = mailboxShare(clock);
  const ready = { columns: new FieldColumns(), places: new PlaceColumns() };
  const files = nodeFiles();
  const texts = new Map(
    config.shards.map((number) => [number, new TextStore(`${shardDirectory(config.dataDir, number)}/texts`, files)]),
  );
  system.onDemand(MAILBOX_ACTOR_PREFIX, (name) => {
    const number = shardOfDomain(name.slice(MAILBOX_ACTOR_PREFIX.length) as DomainName, shardCount);
    const kept = texts.get(number);
    if (kept === undefined) return null;
    const shard = store.shard(number);
    const search = new StoredTexts({ ...ready, store: kept, shard, extractor: text, turns: share.turns, log });
    return { definition: mailboxActor, args: { shard, texts: search, share } };
  });
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  await system.spawn(storeActor, { name: STORE_ACTOR, args: { store, owned } });
  return {
    stop() {
      for (const kept of texts.values()) kept.close();
      return store.close();
    },
  };
}
