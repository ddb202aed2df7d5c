/**
 * The outbound queue: what is due, how often it is tried, what its senders are told, and what operators see of it.
 * Only its worker and the tree import it; it may import the storage of the queue.
 * It must never open a connection: delivery workers do, and tell how it went.
 */
export { QUEUE_ACTOR } from "./actor.ts";
export { type QueueWorkerConfig, startQueue } from "./worker.ts";
