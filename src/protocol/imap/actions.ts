import type { FailureKind } from "../../base/failure.ts";
import type { MailboxAsks } from "../../mail/mailbox_ask.ts";
import type { Quota, Usage } from "../../mail/quota.ts";
import type { SaslAnswer, SaslChannel, SaslQuestion } from "../sasl/mod.ts";
import type { MadeIndexes } from "./fetch/made_indexes.ts";
import type { ImapLimits } from "./limits.ts";

/** Everything a session asks of the owner of the mailboxes. */
export interface ImapAsks extends MailboxAsks {
  /** What the account takes over all its mailboxes (QUOTA, RFC 9208). */
  "mailbox.usage": { request: unknown; reply: Usage };
}

export type ImapAskName = keyof ImapAsks;

/** What whoever carries a question on adds to it: whose mailboxes, what they may hold, by what a repetition is known, who is meant. */
type AddedLater = "account" | "by" | "owner" | keyof Quota | "opId" | "address" | "grantee";

/** A question as the session puts it. */
export type ImapAskRequest<N extends ImapAskName> = Omit<ImapAsks[N]["request"], AddedLater>;

/** The answer to a question of a SASL mechanism; `temporary`: nobody can tell now. */
export type AuthAnswer = SaslAnswer | { readonly type: "temporary" };

/** How a login ended. */
export type LoginOutcome =
  /** `user`: the account's own address; the limits are its own. */
  | { readonly type: "opened"; readonly user: string } & Quota
  | { readonly type: "refused" }
  | { readonly type: "temporary" };

/** What became of an `ask`: the reply of that name, or what kind of Failure it met. */
export type AskOutcome =
  | { readonly type: "reply"; readonly reply: unknown }
  | { readonly type: "failed"; readonly kind: FailureKind };

/** An `ask` of any name, its request fitting the name. */
export type ImapAsk = {
  readonly [N in ImapAskName]: { readonly type: "ask"; readonly name: N; readonly request: ImapAskRequest<N> };
}[ImapAskName];

/**
 * What a session wants done, in this order. All but `send`, `unauthenticate` and `close` are questions: further input is held
 * back until the matching answer (`loggedIn` to `login` and `open`, `authenticated`, `answered` to `ask`, `tlsStarted`,
 * `compressed`, `resumed`) is called. What was sent before a question should have left before it is answered: that is what
 * bounds the memory of a slow reader.
 */
export type ImapAction =
  /** `given`: the buffer of the data is nobody else's, and may be let go of once they have left. */
  | { readonly type: "send"; readonly data: string | Uint8Array; readonly given?: boolean }
  | { readonly type: "login"; readonly user: string; readonly secret: string; readonly mechanism: string }
  /** A question of a SASL mechanism other than by name and password. */
  | { readonly type: "authenticate"; readonly question: SaslQuestion; readonly mechanism: string }
  /** Take on the account of the user whom `authenticate` has found. */
  | { readonly type: "open" }
  | ImapAsk
  /** Soon this will be asked, by the very same request: it may be begun now, in this order. Never answered. */
  | { readonly type: "ahead"; readonly name: ImapAskName; readonly request: ImapAskRequest<ImapAskName> }
  | { readonly type: "startTls" }
  /** From here on both directions are compressed (RFC 4978): what was sent before still goes as it is. */
  | { readonly type: "compress" }
  /** `ms` 0 means: as soon as what was sent has left. */
  | { readonly type: "pause"; readonly ms: number }
  /** Let go of the account (RFC 8437): another may log in. */
  | { readonly type: "unauthenticate" }
  | { readonly type: "close" };

/** How a listener offers IMAP. */
export interface ImapOptions {
  /** Name shown in the greeting. */
  readonly hostname: string;
  /** `active`: the connection began with TLS (RFC 8314); `available`: STARTTLS is offered. */
  readonly tls: "none" | "available" | "active";
  /** Whether passwords may cross the wire without TLS: for loopback only. */
  readonly plaintextLogin: boolean;
  /** The channel's, when the connection began with TLS. */
  readonly channel?: SaslChannel;
  /** Whether tokens of some issuer are taken. */
  readonly bearer?: boolean;
  /** Whether COMPRESS is offered (RFC 4978): whoever drives the session must be able to carry `compress` out. */
  readonly compress?: boolean;
  /** Name of the program, told by ID (RFC 2971); absent, it tells nothing. */
  readonly implementation?: string;
  readonly limits?: Partial<ImapLimits>;
  /** Where indexes are remembered that had to be made; absent: nowhere. */
  readonly madeIndexes?: MadeIndexes;
}

/** One IMAP connection, server side: bytes and answers in, actions out. */
export interface ImapSession {
  /** The greeting. Call once, before anything else. */
  open(): ImapAction[];
  /** Bytes from the client, cut anywhere. The array must not change afterwards. */
  receive(chunk: Uint8Array): ImapAction[];
  loggedIn(outcome: LoginOutcome): ImapAction[];
  authenticated(answer: AuthAnswer): ImapAction[];
  answered(outcome: AskOutcome): ImapAction[];
  /** `channel` is the new one's. */
  tlsStarted(channel?: SaslChannel): ImapAction[];
  compressed(): ImapAction[];
  resumed(): ImapAction[];
  /** There is news for a view, or for a watch: may come at any time, also for one that was closed meanwhile. */
  stirred(view: number): ImapAction[];
  /** A question has been open for long: the client is told that its command goes on (RFC 9585 §4: every 10 to 15 seconds). */
  stillWorking(): ImapAction[];
  /** The client was silent for too long (RFC 9051 §5.4: at least 30 minutes once it has logged in). */
  timedOut(): ImapAction[];
  shuttingDown(): ImapAction[];
  /** All sessions together hold too much: messages that come in here are given up, and their command will be refused. */
  memoryFull(): void;
  /** A question is open: stop reading from the socket. */
  readonly waiting: boolean;
  readonly phase: "notAuthenticated" | "authenticated" | "selected" | "closed";
  /** IDLE is running: silence is expected (RFC 2177). */
  readonly idling: boolean;
  /** A response is half sent: no other line may come between. */
  readonly amidResponse: boolean;
  /** Something is being changed whose outcome the client must be told. */
  readonly settling: boolean;
  /** The view of the selected mailbox, or null. */
  readonly view: number | null;
  /** The watch of other mailboxes (RFC 5465), or null. */
  readonly watch: number | null;
  /** Commands so far that made no sense. */
  readonly refusals: number;
  /** Bytes held: input, messages of APPEND, and what was read of a message to be decoded. */
  readonly bufferedBytes: number;
  /** Bytes of the page of rows that a FETCH tells. */
  readonly pageBytes: number;
}
