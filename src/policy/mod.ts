/**
 * Verdicts that need no network: where a recipient goes, which hosts take mail for a domain, whom to connect to.
 * Actors import it; it imports base and mail.
 * It must never wait, nor hold a socket or a file.
 */
export * from "./expansion.ts";
export * from "./mx.ts";
export * from "./route_types.ts";
export * from "./routing_table.ts";
export * from "./target.ts";
