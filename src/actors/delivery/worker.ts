import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { DELIVERY_ACTOR, deliveryActor, DeliveryOffice } from "./actor.ts";
import type { DeliverySettings } from "./settings.ts";
import type { DeliveryNames } from "./targets.ts";
import type { TransportPolicies } from "./transport_policies.ts";

/** What a delivery worker is started with. */
export interface DeliveryWorkerConfig {
  readonly settings: DeliverySettings;
  /** How long attempts may go on after a drain began, in ms. */
  readonly drainMsMax: number;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Starts the delivery actor of a worker, with what it is to know of names and of transport security. */
export async function startDelivery<C extends DeliveryWorkerConfig>(
  { system, config, clock }: WorkerHost<C>,
  names: DeliveryNames,
  policies: TransportPolicies | null,
): Promise<WorkerHooks<C>> {
  const office = new DeliveryOffice();
  const { settings, drainMsMax, faultInjection } = config;
  if (faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  await system.spawn(deliveryActor, { name: DELIVERY_ACTOR, args: { settings, names, policies, office } });
  return {
    drain: () => office.drain(drainMsMax, clock),
    stop: () => Promise.resolve(office.close()),
    stats: () => ({ attempts: office.attempts, active: office.active, connections: office.conversations.size }),
  };
}
