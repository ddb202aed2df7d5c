/**
 * The outbound queue on the disk: mails and their items, when they are due, and queue time; and the same in memory.
 * The queue actor and its worker may import it (through ../mod.ts); it imports base, mail and the parts of the mail store.
 * It must never answer a change before it is on the disk, keep in memory more than is owed to the index, or know why an item is due.
 */
export { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./limits.ts";
export { createMemoryQueueStore, type MemoryQueueOptions } from "./memory_queue_store.ts";
export { openQueueStore } from "./queue_store.ts";
export type * from "./types.ts";
