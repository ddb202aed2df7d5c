/**
 * What a shard and the queue have in common on the disk: files and their failures, the index (LMDB), segments and the log at their
 * end, group commit, checkpoints, compaction, the lock of a data directory.
 * The rest of storage imports it; it imports base and the layout.
 * It must never know what a change means, nor answer one before it is on the disk.
 */
export * from "./checkpoints.ts";
export * from "./compact.ts";
export * from "./disk_failure.ts";
export * from "./file_system.ts";
export * from "./group_loop.ts";
export * from "./index_env.ts";
export * from "./late_flush.ts";
export * from "./lock.ts";
export * from "./log_tail.ts";
export * from "./segments.ts";
export * from "./store_files.ts";
