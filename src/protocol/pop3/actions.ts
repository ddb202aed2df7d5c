/** One message of a maildrop as POP3 shows it. */
export interface MaildropEntry {
  readonly uid: number;
  /** Bytes, as RETR sends them before dot-stuffing. */
  readonly size: number;
}

/** How a login ended. Each has its response code (RFC 2449 §8, RFC 3206). */
export type LoginOutcome =
  | { readonly type: "opened"; readonly uidValidity: number; readonly entries: readonly MaildropEntry[] }
  | { readonly type: "refused" } // [AUTH]
  | { readonly type: "inUse" } // [IN-USE]
  | { readonly type: "loginDelay" } // [LOGIN-DELAY]
  | { readonly type: "temporary" }; // [SYS/TEMP]

/**
 * What a session wants done. `login`, `fetch`, `update`, `startTls` and `pause` are questions: all further input is held back
 * until the matching answer (`loggedIn`, `fetched`, `updated`, `tlsStarted`, `resumed`) is called.
 */
export type Pop3Action =
  | { readonly type: "send"; readonly data: string | Uint8Array }
  | { readonly type: "login"; readonly user: string; readonly secret: string; readonly mechanism: string }
  /** Read [offset, offset + length) of a message; asked again and again while a RETR or TOP streams. */
  | { readonly type: "fetch"; readonly uid: number; readonly offset: number; readonly length: number }
  /** QUIT in TRANSACTION: remove these for good, free the lock, then answer. */
  | { readonly type: "update"; readonly uids: readonly number[] }
  | { readonly type: "startTls" }
  | { readonly type: "pause"; readonly ms: number }
  | { readonly type: "close" };
