import type { SaslAnswer, SaslChannel, SaslQuestion } from "../sasl/mod.ts";
import type { Pop3Limits } from "./limits.ts";

/** One message of a maildrop as POP3 shows it. */
export interface MaildropEntry {
  readonly uid: number;
  /** Bytes, as RETR sends them before dot-stuffing. */
  readonly size: number;
}

/** The answer to a question of a SASL mechanism; `temporary`: nobody can tell now. */
export type AuthAnswer = SaslAnswer | { readonly type: "temporary" };

/** How a login ended. Each has its response code (RFC 2449 §8, RFC 3206). */
export type LoginOutcome =
  | { readonly type: "opened"; readonly uidValidity: number; readonly entries: readonly MaildropEntry[] }
  | { readonly type: "refused" } // [AUTH]
  | { readonly type: "inUse" } // [IN-USE]
  | { readonly type: "loginDelay" } // [LOGIN-DELAY]
  | { readonly type: "temporary" }; // [SYS/TEMP]

/**
 * What a `fetch` brought: the bytes asked for (fewer only when the message is shorter than its entry said), or why none.
 * The session keeps no reference to `bytes` but passes it on in `send`.
 */
export type FetchOutcome =
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "failed"; readonly kind: "temporary" | "corrupt" | "gone" };

/**
 * What a session wants done, in this order. `login`, `authenticate`, `open`, `fetch`, `update`, `startTls` and `pause` are
 * questions: all further input is held back until the matching answer (`loggedIn` to the first and to `open`, `authenticated`,
 * `fetched`, `updated`, `tlsStarted`, `resumed`) is called. What was sent
 * before a question should have left before it is answered: that is what bounds the memory of a slow reader.
 */
export type Pop3Action =
  | { readonly type: "send"; readonly data: string | Uint8Array }
  | { readonly type: "login"; readonly user: string; readonly secret: string; readonly mechanism: string }
  /** A question of a SASL mechanism other than by name and password. */
  | { readonly type: "authenticate"; readonly question: SaslQuestion; readonly mechanism: string }
  /** Open the maildrop of the user whom `authenticate` has found. */
  | { readonly type: "open" }
  /** Read [offset, offset + length) of a message; asked again and again while a RETR or TOP streams. */
  | { readonly type: "fetch"; readonly uid: number; readonly offset: number; readonly length: number }
  /** QUIT in TRANSACTION: remove these for good, free the lock, then answer. */
  | { readonly type: "update"; readonly uids: readonly number[] }
  | { readonly type: "startTls" }
  /** `ms` 0 means: as soon as what was sent has left. */
  | { readonly type: "pause"; readonly ms: number }
  | { readonly type: "close" };

/** How a listener offers POP3. */
export interface Pop3Options {
  /** Name shown in the greeting. */
  readonly hostname: string;
  /** `active`: the connection began with TLS (RFC 8314); `available`: STLS is offered. */
  readonly tls: "none" | "available" | "active";
  /** Whether passwords may cross the wire without TLS: for loopback only. */
  readonly plaintextLogin: boolean;
  /** The channel's, when the connection began with TLS. */
  readonly channel?: SaslChannel;
  /** Whether tokens of some issuer are taken. */
  readonly bearer?: boolean;
  readonly limits?: Partial<Pop3Limits>;
  /** Least time between two logins (RFC 2449 §6.5), enforced by whoever answers `login`; absent, it is not announced. */
  readonly loginDelaySeconds?: number;
  /** Retention in days (RFC 2449 §6.7); default NEVER: the server deletes nothing by itself. */
  readonly expire?: number | "NEVER";
  /** One token for IMPLEMENTATION (RFC 2449 §6.9); absent, it is not announced. */
  readonly implementation?: string;
  /** Tags to offer with LANG (RFC 6856 §3), the preferred one first; each must be in `POP3_LANGUAGES`. Default: all. */
  readonly languages?: readonly string[];
  /**
   * What a client gets that asks for a message with a UTF-8 header without having said UTF8: the message as it is (default:
   * else one stranger's mail would block every download of an older client), or `-ERR [UTF8]` (RFC 6856 §5).
   */
  readonly utf8Messages?: "asIs" | "refuse";
}

/** One POP3 connection, server side: bytes and answers in, actions out. */
export interface Pop3Session {
  /** The greeting. Call once, before anything else. */
  open(): Pop3Action[];
  /** Bytes from the client, cut anywhere. The array must not change afterwards. */
  receive(chunk: Uint8Array): Pop3Action[];
  loggedIn(outcome: LoginOutcome): Pop3Action[];
  authenticated(answer: AuthAnswer): Pop3Action[];
  fetched(outcome: FetchOutcome): Pop3Action[];
  /** False: not all marked messages were removed. */
  updated(ok: boolean): Pop3Action[];
  /** `channel` is the new one's. */
  tlsStarted(channel?: SaslChannel): Pop3Action[];
  resumed(): Pop3Action[];
  /** The client was silent for too long (RFC 1939 §3: at least 10 minutes): closes without a word, removes nothing. */
  timedOut(): Pop3Action[];
  shuttingDown(): Pop3Action[];
  /** A question is open: stop reading from the socket. */
  readonly waiting: boolean;
  readonly phase: "authorization" | "transaction" | "update" | "closed";
  /** Commands so far that made no sense. */
  readonly refusals: number;
  /** Bytes of input held. */
  readonly bufferedBytes: number;
}
