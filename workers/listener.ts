/** A listener worker: sockets, protocol sessions and the routing actor. Network only; it can read and write no file. */
import { type ListenerWorkerConfig, startListener } from "../src/actors/listener/mod.ts";
import { hostWorker } from "../src/runtime/mod.ts";

hostWorker<ListenerWorkerConfig>({ start: startListener });
