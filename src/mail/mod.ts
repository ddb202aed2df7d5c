/**
 * The nouns of mail as values: addresses, domains, flags, UIDs, accounts. Made only by their parsing functions.
 * Everybody above `base` may import it.
 * It must never know of wires, files or actors.
 */
export * from "./account.ts";
export * from "./address.ts";
export * from "./annotation.ts";
export * from "./domain.ts";
export * from "./envelope.ts";
export * from "./flag.ts";
export * from "./index_limit.ts";
export type * from "./mailbox_ask.ts";
export type * from "./mailbox_entry.ts";
export * from "./mailbox_name.ts";
export type * from "./mailbox_state.ts";
export type * from "./mailbox_view.ts";
export * from "./other_users.ts";
export * from "./pieces.ts";
export * from "./placement.ts";
export * from "./quota.ts";
export * from "./rights.ts";
export * from "./row_columns.ts";
export type * from "./search_program.ts";
export * from "./uid.ts";
export * from "./watch.ts";
