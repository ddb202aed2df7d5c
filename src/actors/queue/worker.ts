import type { Address } from "../../mail/address.ts";
import type {
  DeliveryProtocol,
  DirectoryProtocol,
  ListProtocol,
  PolicyProtocol,
  TextProtocol,
} from "../../messages/mod.ts";
import { ListKeys } from "../../policy/list/mod.ts";
import type { RetryPolicy } from "../../policy/retry.ts";
import type { TlsReportSettings } from "../../policy/tls/mod.ts";
import { SenderRewriting } from "../../policy/srs.ts";
import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { openQueueStore } from "../../storage/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { MailboxRefs, type Placement } from "../mailbox_refs.ts";
import { ROUTER_ACTOR, routerActor, type RoutingHolder } from "../router.ts";
import { TRACE_ACTOR, traceActor, TraceRing } from "../trace.ts";
import { QUEUE_ACTOR, queueActor } from "./actor.ts";
import type { DispatchLimits } from "./dispatcher.ts";

/** How long the answer to a drain may take beyond the attempts' own grace, in ms. */
const DRAIN_MARGIN_MS = 1_000;

/** A busy queue has another flush within less; one that is not has the time. */
const DONE_WAIT_MS = 5;

/** What the queue worker is started with. */
export interface QueueWorkerConfig {
  /** The data directory; the queue lies in `queue/` below it. */
  readonly dataDir: string;
  readonly hostname: string;
  /** Key of the addresses under which mail is forwarded. */
  readonly srsKey: Uint8Array;
  readonly placement: Placement;
  /** How many delivery workers there are. */
  readonly deliveryWorkers: number;
  /** Key of the reverse-paths of lists. */
  readonly listKey: Uint8Array;
  readonly policy: RetryPolicy;
  /** In whose name reports on TLS are sent; null: none are. */
  readonly tlsReports: TlsReportSettings | null;
  readonly dispatch: DispatchLimits;
  /** Mail is refused (452 4.3.1) when less than this is free on the disk, in bytes. */
  readonly minFreeBytes: number;
  /** How long attempts may go on after a drain began, in ms. */
  readonly drainMsMax: number;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Opens the queue, starts a routing actor of its own (reports go to senders here, too) and then the queue actor. */
export async function startQueue(host: WorkerHost<QueueWorkerConfig>): Promise<WorkerHooks<QueueWorkerConfig>> {
  const { system, config, clock, log } = host;
  const { hostname, policy, dispatch } = config;
  const at = (worker: string, actor: string) => ({ node: system.node, worker, actor });
  const store = await openQueueStore({
    dir: `${config.dataDir}/queue`,
    owner: String(process.pid),
    clock,
    log,
    limits: { freeBytesMin: config.minFreeBytes, doneWaitMsMax: DONE_WAIT_MS },
  });
  const directory = system.ref<DirectoryProtocol>(at("directory", "directory"));
  const holder: RoutingHolder = { table: null };
  await system.spawn(routerActor, { name: ROUTER_ACTOR, args: { holder, directory } });
  const deliveries = Array.from(
    { length: config.deliveryWorkers },
    (_, i) => system.ref<DeliveryProtocol>(at(`delivery-${i}`, "delivery")),
  );
  const routes = { resolve: (address: Address) => holder.table?.resolve(address) ?? null };
  const mailboxes = new MailboxRefs(system, config.placement);
  const trace = new TraceRing(clock, host.name);
  await system.spawn(traceActor, { name: TRACE_ACTOR, args: trace });
  const srs = new SenderRewriting(config.srsKey);
  const signing = {
    signer: (domain: string) => holder.table?.signer(domain) ?? null,
    policy: system.ref<PolicyProtocol>(at("policy", "policy")),
  };
  const lists = system.ref<ListProtocol>(at("policy", "lists"));
  const listKeys = new ListKeys(config.listKey);
  const args = {
    store,
    routes,
    mailboxes,
    srs,
    deliveries,
    lists,
    listKeys,
    indexer: system.ref<TextProtocol>(at("policy", "text")),
    policy,
    dispatch,
    hostname,
    trace,
    signing,
    ...(config.tlsReports === null ? {} : { tlsReports: config.tlsReports }),
  };
  const queue = await system.spawn(queueActor, { name: QUEUE_ACTOR, args });
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  const graceMs = config.drainMsMax;
  return {
    async drain() {
      await queue.ask("queue.drain", { graceMs }, { deadlineMs: graceMs + DRAIN_MARGIN_MS });
    },
    stop: () => store.close(),
    stats: () => store.counts(),
  };
}
