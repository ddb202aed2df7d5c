/**
 * The form of messages: dates, header sections, delivery reports, and what IMAP asks of a message: its parts, envelope and texts.
 * Protocols, policy and actors may import it; it imports base and mail.
 * It must never decode more than it is asked for, nor change a byte of a message that it only reads.
 */
export * from "./address_list.ts";
export * from "./base_subject.ts";
export * from "./casemap.ts";
export * from "./charset.ts";
export * from "./content_type.ts";
export * from "./date.ts";
export * from "./encoded_word.ts";
export * from "./envelope.ts";
export * from "./facts.ts";
export * from "./field_selector.ts";
export * from "./header_fields.ts";
export * from "./header_section.ts";
export * from "./html_text.ts";
export * from "./index_section.ts";
export * from "./message_ids.ts";
export * from "./message_index.ts";
export * from "./message_order.ts";
export * from "./parameters.ts";
export * from "./part.ts";
export type { IndexedPart } from "./part_rows.ts";
export * from "./preview.ts";
export * from "./report.ts";
export * from "./search_text.ts";
export * from "./section.ts";
export * from "./structure.ts";
export { StructureReader } from "./structure_reader.ts";
export * from "./thread_id.ts";
export * from "./threads.ts";
export * from "./transfer_encoding.ts";
