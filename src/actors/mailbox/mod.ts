/**
 * A mailbox worker: one actor per domain over the shards it owns.
 * Only `workers/` imports it, and the tree for the types of its config.
 * It must never answer a change before the store says durable, and never open a socket.
 */
export { type MailboxWorkerConfig, startMailboxes } from "./worker.ts";
