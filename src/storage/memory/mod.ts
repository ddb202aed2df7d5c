/**
 * The plainest stores that keep the contract, in maps: for tests, and to compare the real ones with.
 * Tests and ../mod.ts import it; it imports base, mail and the types of storage.
 * It must never be faster to read than the contract is to see, nor touch a disk.
 */
export * from "./account.ts";
export * from "./columns.ts";
export * from "./directory_store.ts";
export * from "./mailbox.ts";
export * from "./shard.ts";
export * from "./store.ts";
export * from "./tree.ts";
