/** Stable identity of an account: survives renaming, and a new account of an old name gets a new one. */
export type AccountId = string & { readonly __accountId: unique symbol };

/** The mailbox that takes new mail; every account has it (RFC 9051 §5.1). */
export const INBOX_ID = 1;
