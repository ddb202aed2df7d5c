import type { Address } from "../../mail/address.ts";
import type { DirectoryProtocol, GreylistProtocol, PolicyProtocol, QueueProtocol } from "../../messages/mod.ts";
import { SenderRewriting } from "../../policy/srs.ts";
import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { MailboxRefs, type Placement } from "../mailbox_refs.ts";
import { ROUTER_ACTOR, routerActor, type RoutingHolder } from "../router.ts";
import { Admission, type AdmissionConfig } from "./admission.ts";
import { TRACE_ACTOR, traceActor, TraceRing } from "../trace.ts";
import { type ContentConfig, contentPolicy } from "./content_policy.ts";
import { TogetherBudget } from "./together.ts";
import { newCounters } from "./counters.ts";
import { openPorts, type PortsConfig } from "./listener.ts";
import { LoadWatch } from "./load_watch.ts";
import { MemoryBudget } from "./memory_budget.ts";
import type { FrontServices, WithoutSignature } from "./services.ts";
import { SESSIONS_ACTOR, sessionsActor } from "./session_book.ts";
import { Viewers, VIEWERS_ACTOR, viewersActor } from "./viewers.ts";

/** What a listener worker is started with. */
export interface ListenerWorkerConfig {
  readonly hostname: string;
  readonly placement: Placement;
  readonly ports: PortsConfig;
  /** Key of the addresses under which mail is forwarded. */
  readonly srsKey: Uint8Array;
  /** What becomes of users' mail that cannot be signed for the time being. */
  readonly withoutSignature: WithoutSignature;
  /** Bytes that all sessions of this worker may hold together. */
  readonly bodyBytesMax: number;
  readonly admission: AdmissionConfig;
  /** Lateness of the event loop beyond which nobody new is served, in ms; 0: never. */
  readonly lagMsMax: number;
  /** Whether strangers' mail is put off the first time. */
  readonly greylisting: boolean;
  /** Whether block lists are asked about strangers. */
  readonly lists: boolean;
  /** Which mail is shown to scanners, and what is junk. */
  readonly content: ContentConfig;
  /** How long sessions may go on after a drain began, in ms. */
  readonly drainMsMax: number;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Changes that all sessions together have begun before their turn: a tenth of those that may wait for one shard's disk. */
const CHANGES_TOGETHER_MAX = 1_000;

/** Bytes of messages of appends that all sessions together have begun before their turn: a small part of those that may wait for one shard. */
const APPENDS_TOGETHER_BYTES_MAX = 16 * 1024 * 1024;

/** Starts the routing actor, then opens the ports: no session ever sees a listener without routes. */
export async function startListener(
  host: WorkerHost<ListenerWorkerConfig>,
): Promise<WorkerHooks<ListenerWorkerConfig>> {
  const { system, config, clock, random, log } = host;
  const directory = system.ref<DirectoryProtocol>({ node: system.node, worker: "directory", actor: "directory" });
  const counters = newCounters();
  const trace = new TraceRing(clock, host.name);
  await system.spawn(traceActor, { name: TRACE_ACTOR, args: trace });
  const memory = new MemoryBudget(config.bodyBytesMax);
  const load = new LoadWatch({ clock, memory, lagMsMax: config.lagMsMax });
  const admission = new Admission(config.admission, { clock, counters, overloaded: () => load.isOverloaded() });
  const holder: RoutingHolder = { table: null, bans: admission };
  const router = await system.spawn(routerActor, { name: ROUTER_ACTOR, args: { holder, directory } });
  const viewers = new Viewers({ node: system.node, worker: system.worker, actor: VIEWERS_ACTOR });
  await system.spawn(viewersActor, { name: VIEWERS_ACTOR, args: viewers });
  const services: FrontServices = {
    system,
    routes: {
      resolve: (address: Address) => holder.table?.resolve(address) ?? null,
      signer: (domain: string) => holder.table?.signer(domain) ?? null,
    },
    mailboxes: new MailboxRefs(system, config.placement),
    directory,
    policy: system.ref<PolicyProtocol>({ node: system.node, worker: "policy", actor: "policy" }),
    withoutSignature: config.withoutSignature,
    srs: new SenderRewriting(config.srsKey),
    viewers,
    queue: system.ref<QueueProtocol>({ node: system.node, worker: "queue", actor: "queue" }),
    presence: router.address,
    hostname: config.hostname,
    clock,
    random,
    log: trace.over(log),
    memory,
    changesTogether: new TogetherBudget(CHANGES_TOGETHER_MAX),
    appendsTogether: new TogetherBudget(APPENDS_TOGETHER_BYTES_MAX),
    counters,
    admission,
    lists: config.lists,
    content: contentPolicy(config.content),
    greylist: config.greylisting ? system.ref<GreylistProtocol>({ ...directory.address, actor: "greylist" }) : null,
  };
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  const ports = await openPorts(config.ports, services);
  const { sessions } = ports;
  admission.onBan = () => sessions.dismissBanned((address) => admission.isBanned(address));
  await system.spawn(sessionsActor, { name: SESSIONS_ACTOR, args: { book: sessions } });
  return {
    drain: () => ports.drain(config.drainMsMax),
    // Of a new config only the certificate reaches running sessions' successors; the rest waits for the next start.
    reload(wanted) {
      ports.replaceTls(wanted.ports.tls);
      return Promise.resolve();
    },
    stop: () => Promise.resolve(load.stop()),
    stats: () => ({
      ...counters,
      sessions: sessions.size,
      sessionsByService: sessions.counts(),
      heldBytes: memory.usedBytes,
      lagMs: load.lagMs,
    }),
  };
}
