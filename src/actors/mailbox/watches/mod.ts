/**
 * What sessions watch besides the mailbox they have open (RFC 5465), and what happened to it that they were not told of.
 * The mailbox actor imports it; it imports base, the types of mail and of the store.
 * It must never keep more than marks and names: what a mailbox is like is read when its session asks.
 */
export * from "./atlas.ts";
export * from "./pending.ts";
export * from "./scope.ts";
