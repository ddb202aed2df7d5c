/**
 * IMAP (RFC 9051, RFC 3501) server side: `createImapSession` takes bytes and answers and returns actions.
 * Fronts import it; it imports base, mail, mime and sasl, never another protocol.
 * It must never touch a socket, a clock, randomness or a log, and never await.
 */
export type * from "./actions.ts";
export type * from "./ast.ts";
export type * from "./ast_fetch.ts";
export type * from "./ast_search.ts";
export type * from "./frame.ts";
export * from "./frame_limits.ts";
export * from "./framer.ts";
export * from "./grammar.ts";
export * from "./limits.ts";
export * from "./list_match.ts";
export * from "./mailbox_name_codec.ts";
export { indexMessage, indexSteps } from "./message_index.ts";
export * from "./refusal.ts";
export * from "./sequence_set.ts";
export * from "./session.ts";
export * from "./tag.ts";
export * from "./to_search_program.ts";
