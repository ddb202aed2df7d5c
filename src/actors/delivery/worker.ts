import type { QueueProtocol, StsPoliciesProtocol, TlsCountsProtocol } from "../../messages/mod.ts";
import type { TlsReportSettings } from "../../policy/mod.ts";
import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { DELIVERY_ACTOR, deliveryActor, DeliveryOffice } from "./actor.ts";
import type { DeliverySettings } from "./settings.ts";
import { type NamesConfig, WorldNames } from "./names.ts";
import { TlsCountMemory } from "./tls_count_memory.ts";
import { TlsReporting } from "./tls_reporting.ts";
import { TransportPolicies, type TransportPolicyOptions } from "./transport_policies.ts";

/** What a delivery worker is started with. */
export interface DeliveryWorkerConfig {
  readonly settings: DeliverySettings;
  readonly names: NamesConfig;
  /** Which demands of domains and hosts for TLS are looked at; port and authorities of the servers of policies are for tests. */
  readonly policies: Pick<TransportPolicyOptions, "mtaSts" | "dane" | "httpsPort" | "ca"> & {
    /** Whether the directory's worker keeps policies over a restart. */
    readonly kept: boolean;
  };
  /** In whose name domains are told what became of TLS with their hosts; null: nobody is. */
  readonly tlsReports: TlsReportSettings | null;
  /** How long attempts may go on after a drain began, in ms. */
  readonly drainMsMax: number;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Starts the delivery actor of a worker, the resolver that it asks, and what it knows of demands for TLS. */
export async function startDelivery(
  { system, name, config, clock, random, log }: WorkerHost<DeliveryWorkerConfig>,
): Promise<WorkerHooks<DeliveryWorkerConfig>> {
  const office = new DeliveryOffice();
  const names = new WorldNames(config.names, { clock, random });
  const { policies: { kept, ...demands }, tlsReports } = config;
  const keeper = system.ref<StsPoliciesProtocol>({ node: system.node, worker: "directory", actor: "stsPolicies" });
  const policies = new TransportPolicies({
    ...demands,
    resolver: names.resolver,
    isForbidden: (address) => names.isForbidden(address),
    clock,
    log,
    ...(kept ? { keeper } : {}),
    refreshes: name === "delivery-0",
    counts: tlsReports !== null,
  });
  const counts = tlsReports === null ? null : new TlsCountMemory({
    reports: policies.reports,
    keeper: system.ref<TlsCountsProtocol>({ node: system.node, worker: "directory", actor: "tlsCounts" }),
    clock,
    log,
  });
  const reporting = tlsReports === null || counts === null ? null : new TlsReporting({
    settings: tlsReports,
    memory: counts,
    reports: policies.reports,
    resolver: names.resolver,
    isForbidden: (address) => names.isForbidden(address),
    queue: system.ref<QueueProtocol>({ node: system.node, worker: "queue", actor: "queue" }),
    clock,
    random,
    log,
  });
  void counts?.start().then(() => reporting?.start());
  const { settings, drainMsMax, faultInjection } = config;
  if (faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  await system.spawn(deliveryActor, { name: DELIVERY_ACTOR, args: { settings, names, policies, office } });
  policies.start();
  return {
    async drain() {
      await office.drain(drainMsMax, clock);
      await policies.drain();
      await counts?.keep();
    },
    stop() {
      policies.stop();
      reporting?.stop();
      counts?.stop();
      office.close();
      names.close();
      return Promise.resolve();
    },
    stats: () => ({ attempts: office.attempts, active: office.active, connections: office.conversations.size }),
  };
}
