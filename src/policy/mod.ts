/**
 * Verdicts that need no network: where a recipient goes, which hosts take mail, when it is tried again, under which sender.
 * Actors import it; it imports base and mail.
 * It must never wait, nor hold a socket or a file.
 */
export * from "./expansion.ts";
export * from "./mx.ts";
export * from "./retry.ts";
export * from "./route_types.ts";
export * from "./routing_table.ts";
export * from "./srs.ts";
export * from "./target.ts";
