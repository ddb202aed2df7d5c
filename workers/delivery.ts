/** A delivery worker: speaks to other servers. Network only; it can read and write no file. */
import { type DeliveryWorkerConfig, startDelivery } from "../src/actors/delivery/mod.ts";
import { hostWorker } from "../src/runtime/mod.ts";

hostWorker<DeliveryWorkerConfig>({ start: startDelivery });
