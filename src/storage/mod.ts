/**
 * The mail store (shards of LMDB index and segment files, of which the last is a log) and the outbound queue (queue/): group
 * commit, checkpoints, recovery, verification; the directory's store; the lock of a data directory.
 * Owners (mailbox, queue and directory actors) and their workers may import it; it imports base and mail.
 * It must never answer a change before it is on the disk (but flags, where an operator lets it), and never know of actors, sockets
 * or protocols.
 */
export { type DirectoryStore, openDirectoryStore } from "./directory_store.ts";
export { type FileSystem, nodeFiles } from "./disk/file_system.ts";
export { DEFAULT_LIMITS, type StoreLimits } from "./limits.ts";
export { type DirectoryLock, lockDataDirectory } from "./disk/lock.ts";
export { acceptMoved, type Moved } from "./moved.ts";
export { markRestored } from "./restored.ts";
export { openMailStore, shardDirectory, SHARDS_MAX } from "./mail_store.ts";
export { MemoryDirectoryStore } from "./memory/directory_store.ts";
export { createMemoryStore } from "./memory/store.ts";
export { LocalLog, type LoggedRecord, MemoryLog, type ShardLog, type ShardOp, type ShardRecord } from "./shard_log.ts";
export * from "./queue/mod.ts";
export * from "./text/mod.ts";
export type * from "./types.ts";
