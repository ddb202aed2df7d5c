import type { WorkerHooks, WorkerHost } from "../../runtime/mod.ts";
import { FAULT_ACTOR, faultActor } from "../fault.ts";
import { DELIVERY_ACTOR, deliveryActor, DeliveryOffice } from "./actor.ts";
import type { DeliverySettings } from "./settings.ts";
import { type NamesConfig, WorldNames } from "./names.ts";

/** What a delivery worker is started with. */
export interface DeliveryWorkerConfig {
  readonly settings: DeliverySettings;
  readonly names: NamesConfig;
  /** How long attempts may go on after a drain began, in ms. */
  readonly drainMsMax: number;
  /** Whether the worker can be broken on purpose. */
  readonly faultInjection: boolean;
}

/** Starts the delivery actor of a worker, and the resolver that it asks. */
export async function startDelivery(
  { system, config, clock, random }: WorkerHost<DeliveryWorkerConfig>,
): Promise<WorkerHooks<DeliveryWorkerConfig>> {
  const office = new DeliveryOffice();
  const names = new WorldNames(config.names, { clock, random });
  const { settings, drainMsMax, faultInjection } = config;
  if (faultInjection) await system.spawn(faultActor, { name: FAULT_ACTOR, args: undefined });
  await system.spawn(deliveryActor, { name: DELIVERY_ACTOR, args: { settings, names, office } });
  return {
    drain: () => office.drain(drainMsMax, clock),
    stop() {
      office.close();
      names.close();
      return Promise.resolve();
    },
    stats: () => ({ attempts: office.attempts, active: office.active, connections: office.conversations.size }),
  };
}
