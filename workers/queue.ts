/** The queue worker: mail for other servers, until it is delivered or reported on. Reads and writes its data; no network. */
import { type QueueWorkerConfig, startQueue } from "../src/actors/queue/mod.ts";
import { hostWorker } from "../src/runtime/mod.ts";

hostWorker<QueueWorkerConfig>({ start: startQueue });
