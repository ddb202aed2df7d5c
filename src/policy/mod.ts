/**
 * Verdicts that need no network: where a recipient goes, who takes too much, when mail is tried again.
 * Actors import it; it imports base and mail.
 * It must never wait, nor hold a socket or a file.
 */
export * from "./ban_table.ts";
export * from "./expansion.ts";
export * from "./greylist.ts";
export * from "./network.ts";
export * from "./rate_limits.ts";
export * from "./route_types.ts";
export * from "./retry.ts";
export * from "./routing_table.ts";
export * from "./strikes.ts";
export * from "./token_buckets.ts";
