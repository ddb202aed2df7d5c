/** What an account may hold over all its mailboxes. */
export interface Quota {
  /** Bytes of all messages; 0 means no limit. */
  readonly quotaBytes: number;
  /** Messages, each copy counted (RFC 9208 §5.2); 0 or absent means no limit. */
  readonly quotaMessages?: number;
}

/** What an account holds, or would hold more. */
export interface Usage {
  readonly bytes: number;
  readonly messages: number;
}

/** The limits of whatever has some, and nothing else of it. */
export function limitsOf({ quotaBytes, quotaMessages = 0 }: Quota): Quota {
  return quotaMessages === 0 ? { quotaBytes } : { quotaBytes, quotaMessages };
}

/** Whether anything is limited. */
export function isLimited({ quotaBytes, quotaMessages = 0 }: Quota): boolean {
  return quotaBytes > 0 || quotaMessages > 0;
}

/** Whether so much more may come to what is held. What grows by nothing fits, also where too much is held already. */
export function fits({ quotaBytes, quotaMessages = 0 }: Quota, held: Usage, more: Usage): boolean {
  return isWithin(quotaBytes, held.bytes, more.bytes) && isWithin(quotaMessages, held.messages, more.messages);
}

function isWithin(limit: number, held: number, more: number): boolean {
  return limit === 0 || more === 0 || held + more <= limit;
}
