/** Stable identity of an account: survives renaming, and a new account of an old name gets a new one. */
export type AccountId = string & { readonly __accountId: unique symbol };

/** The mailbox that takes new mail; every account has it (RFC 9051 §5.1). */
export const INBOX_ID = 1;

/** Every account has these beside INBOX from its first day on, under these numbers (RFC 6154). */
export const SENT_ID = 2;
export const DRAFTS_ID = 3;
export const TRASH_ID = 4;
export const JUNK_ID = 5;
export const ARCHIVE_ID = 6;
