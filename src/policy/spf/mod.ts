/**
 * SPF (RFC 7208): records, macros and their evaluation under the limits of its §4.6.4.
 * The sender check imports it; it imports base only, and asks the DNS through base's Resolver.
 * It must never hold a socket, nor let a name server's failure become a verdict about the sender.
 */
export * from "./evaluate.ts";
export * from "./macro.ts";
export * from "./record.ts";
