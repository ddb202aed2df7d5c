/**
 * The form of messages: dates, header sections, delivery reports.
 * Protocols, policy and actors may import it; it imports base and mail.
 * It must never decode more than it is asked for, nor change a byte of a message that it only reads.
 */
export * from "./content_type.ts";
export * from "./date.ts";
export * from "./header_section.ts";
export * from "./report.ts";
export * from "./transfer_encoding.ts";
