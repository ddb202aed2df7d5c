/**
 * Verdicts. Here those that need no network: where a recipient goes, which hosts take mail, when it is tried again, under which
 * sender, who takes too much; in the folders below, whether a sender is who he says.
 * Actors import it; it imports base, mail and MIME.
 * It must never hold a socket or a file: what has to be asked of the DNS goes through base's Resolver.
 */
export * from "./ban_table.ts";
export * from "./domains.ts";
export * from "./dns_list.ts";
export * from "./expansion.ts";
export * from "./greylist.ts";
export * from "./mx.ts";
export * from "./network.ts";
export * from "./rate_limits.ts";
export * from "./retry.ts";
export * from "./route_types.ts";
export * from "./routing_table.ts";
export * from "./srs.ts";
export * from "./strikes.ts";
export * from "./target.ts";
export * from "./tls/mod.ts";
export * from "./token_buckets.ts";
