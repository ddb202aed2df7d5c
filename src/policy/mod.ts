/**
 * Verdicts. Here those that need no network: where a recipient goes. In the folders below, whether a sender is who he says.
 * Actors import it; it imports base, mail and MIME.
 * It must never hold a socket or a file: what has to be asked of the DNS goes through base's Resolver.
 */
export * from "./expansion.ts";
export * from "./route_types.ts";
export * from "./routing_table.ts";
