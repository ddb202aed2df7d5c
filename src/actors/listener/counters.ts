import type { ScanCheck } from "../../messages/mod.ts";

/** What a listener worker has done since it started. */
export interface Counters {
  connections: number;
  /** Connections that were refused, by reason; `limit`: too many at a time, as far as they were told so. */
  readonly refusedConnections: Record<"banned" | "rate" | "errors" | "overloaded" | "limit", number>;
  /** Recipients and messages beyond the rates. */
  limitedRecipients: number;
  limitedMessages: number;
  /** Recipients put off for their first time. */
  greylisted: number;
  /** Recipients refused as a block list names their client. */
  listed: number;
  /** Sessions that were ended by us, by reason. */
  readonly dismissed: Record<"kicked" | "banned" | "errors", number>;
  /** Mails that scanners were to look at, by what came of it. */
  readonly scans: Record<ScanCheck["result"] | "busy", number>;
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
    refusedConnections: { banned: 0, rate: 0, errors: 0, overloaded: 0, limit: 0 },
    limitedRecipients: 0,
    limitedMessages: 0,
    greylisted: 0,
    listed: 0,
    dismissed: { kicked: 0, banned: 0, errors: 0 },
    scans: { clean: 0, junk: 0, spam: 0, virus: 0, deferred: 0, tooLarge: 0, unscanned: 0, busy: 0 },
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
