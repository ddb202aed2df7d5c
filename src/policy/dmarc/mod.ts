/**
 * DMARC (RFC 9989, which replaced RFC 7489): author domains, policy records, the tree walk and the one decision.
 * The sender check imports it; it imports base, mail and the header folder.
 * It must never guess at an author: what can be read in two ways is refused.
 */
export * from "./author.ts";
export * from "./evaluate.ts";
export * from "./record.ts";
export * from "./tree_walk.ts";
