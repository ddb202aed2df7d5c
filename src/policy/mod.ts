/**
 * Verdicts that need no network: where a recipient goes.
 * Actors import it; it imports base and mail.
 * It must never wait, nor hold a socket or a file.
 */
export * from "./expansion.ts";
export * from "./route_types.ts";
export * from "./retry.ts";
export * from "./routing_table.ts";
export * from "./tls/mod.ts";
