/** IMAP unique identifier of a message in a mailbox (RFC 9051 §2.3.1.1): 1 to 2^32-1, strictly rising, never used again. */
export type Uid = number & { readonly __uid: unique symbol };
/** The epoch of a mailbox's UIDs (RFC 9051 §2.3.1.1). */
export type UidValidity = number & { readonly __uidValidity: unique symbol };
/** Modification sequence (RFC 7162): a 63-bit number in the RFC; ours stays below 2^53. */
export type ModSeq = number & { readonly __modSeq: unique symbol };

export const UID_MAX = 4_294_967_295;
