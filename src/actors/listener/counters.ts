/** What a listener worker has done since it started. */
export interface Counters {
  connections: number;
  received: number;
  receivedBytes: number;
  refusedRecipients: number;
  deferred: number;
  logins: number;
  failedLogins: number;
  retrieved: number;
  /** Shares of refused mails that are being taken back now. */
  withdrawing: number;
}

/** All at zero. */
export function newCounters(): Counters {
  return {
    connections: 0,
    received: 0,
    receivedBytes: 0,
    refusedRecipients: 0,
    deferred: 0,
    logins: 0,
    failedLogins: 0,
    retrieved: 0,
    withdrawing: 0,
  };
}
