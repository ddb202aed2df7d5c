/** System flags (RFC 9051 §2.3.2) as bits of a row; keywords are kept beside them by name. */
export const Flag = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;
export type FlagName = keyof typeof Flag;
/** A set of system flags: the sum of their bits. */
export type FlagBits = number;
