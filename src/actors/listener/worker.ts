import type { Address } from "../../mail/address.ts";
import type { DirectoryProtocol, PolicyProtocol, QueueProtocol } from "../../messages/mod.ts";
import { SenderRewriting } from "../../policy/srs.ts";
import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { MailboxRefs, type Placement } from "../mailbox_refs.ts";
import { ROUTER_ACTOR, routerActor, type RoutingHolder } from "../router.ts";
import { newCounters } from "./counters.ts";
import { openPorts, type PortsConfig } from "./listener.ts";
import { MemoryBudget } from "./memory_budget.ts";
import type { FrontServices } from "./services.ts";
import type { WithoutSignature } from "./signing.ts";

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
  /** How long sessions may go on after a drain began, in ms. */
  readonly drainMsMax: number;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Starts the routing actor, then opens the ports: no session ever sees a listener without routes. */
export async function startListener(
  host: WorkerHost<ListenerWorkerConfig>,
): Promise<WorkerHooks<ListenerWorkerConfig>> {
  const { system, config, clock, random, log } = host;
  const directory = system.ref<DirectoryProtocol>({ node: system.node, worker: "directory", actor: "directory" });
  const holder: RoutingHolder = { table: null };
  const router = await system.spawn(routerActor, { name: ROUTER_ACTOR, args: { holder, directory } });
  const counters = newCounters();
  const memory = new MemoryBudget(config.bodyBytesMax);
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
    queue: system.ref<QueueProtocol>({ node: system.node, worker: "queue", actor: "queue" }),
    presence: router.address,
    hostname: config.hostname,
    clock,
    random,
    log,
    memory,
    counters,
  };
  if (config.faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  const ports = await openPorts(config.ports, services);
  return {
    drain: () => ports.drain(config.drainMsMax),
    // Of a new config only the certificate reaches running sessions' successors; the rest waits for the next start.
    reload(wanted) {
      ports.replaceTls(wanted.ports.tls);
      return Promise.resolve();
    },
    stats: () => ({ ...counters, sessions: ports.sessions(), heldBytes: memory.usedBytes }),
  };
}
