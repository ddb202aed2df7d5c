/** Stable identity of an account: survives renaming, and a new account of an old name gets a new one. */
export type AccountId = string & { readonly __accountId: unique symbol };

/** The mailbox that takes new mail; every account has it (RFC 9051 §5.1). */
export const INBOX_ID = 1;
/** What the account has sent. */
export const SENT_ID = 2;
/** What is not sent yet. */
export const DRAFTS_ID = 3;
/** What was thrown away. */
export const TRASH_ID = 4;
/** Where mail goes that is taken for spam. */
export const JUNK_ID = 5;
/** What is kept out of the way. */
export const ARCHIVE_ID = 6;
