/**
 * A delivery worker: hands mail to other servers and tells how it went.
 * Only `workers/` imports it, and the tree for the types of its config.
 * It must never keep a mail, write a file, or decide when a mail is tried again: that is the queue's.
 */
export { DELIVERY_ACTOR } from "./actor.ts";
export {
  DELIVERY_LIMITS,
  DELIVERY_TIMEOUTS,
  type DeliveryLimits,
  type DeliveryRoute,
  type DeliverySettings,
  type DeliveryTimeouts,
} from "./settings.ts";
export type { NamesConfig } from "./names.ts";
export type { DeliveryNames, HostsAnswer } from "./targets.ts";
export { TransportPolicies, type TransportPolicyOptions } from "./transport_policies.ts";
export { type DeliveryWorkerConfig, startDelivery } from "./worker.ts";
