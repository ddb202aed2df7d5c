/**
 * A listener worker: ports, the fronts that join sessions to sockets, and delivery to the mailbox actors.
 * Only `workers/` imports it, and the tree for the types of its config.
 * It must never touch a file: its worker has no right to.
 */
export { type ListenerWorkerConfig, startListener } from "./worker.ts";
