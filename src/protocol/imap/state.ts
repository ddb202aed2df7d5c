import { assert } from "../../base/assert.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import type { Rights } from "../../mail/rights.ts";
import type { UidValidity } from "../../mail/uid.ts";
import { BARE_CHANNEL, type SaslChannel } from "../sasl/mod.ts";
import type { ImapOptions, ImapSession } from "./actions.ts";
import type { AppendLiterals } from "./append_literals.ts";
import type { ImapLimits } from "./limits.ts";
import type { Output } from "./output.ts";

/** The states of RFC 9051 §3; "closed" is logout. */
export type Phase = ImapSession["phase"];

/** What a client can turn on (RFC 5161), and cannot turn off again. */
export type Enabled = "CONDSTORE" | "QRESYNC" | "UTF8=ACCEPT" | "IMAP4rev2";

/** The selected mailbox, as far as the client was told of it. */
export interface Selected {
  readonly view: number;
  /** Number of the mailbox in the account. */
  readonly mailbox: number;
  readonly name: MailboxName;
  readonly objectId: string;
  readonly readOnly: boolean;
  /** What the user may do there, as far as the client was told. */
  rights: Rights;
  readonly uidValidity: UidValidity;
  /** Messages: what sequence numbers may be. */
  exists: number;
  recent: number;
  /** Keywords that FLAGS has told. */
  keywords: readonly string[];
  /** There is news that was not asked for yet. */
  stirred: boolean;
}

/** Who has logged in. */
export interface Login {
  readonly user: string;
  /** 0: none. */
  readonly quotaBytes: number;
}

/** What a session knows between commands. Only the command that runs changes it. */
export interface ImapState {
  tlsActive: boolean;
  channel: SaslChannel;
  compressed: boolean;
  login: Login | null;
  selected: Selected | null;
  readonly enabled: Set<Enabled>;
  /** A view that had news before its number was known. */
  earlyStirred: number;
  /** The owner of the mailboxes does not know the view any more: it was started anew. */
  viewLost: boolean;
  /** Commands that made no sense. */
  errors: number;
  loginFailures: number;
  closed: boolean;
}

/** What a command says of itself: where it is legal, and which capabilities it brings. */
export interface Announcement {
  /** The states in which it is legal (RFC 9051 §3). */
  readonly phases: readonly Phase[];
  /** Capabilities that are told to whoever has logged in. */
  readonly brings?: readonly string[];
  /** Capabilities that hang on the scene; of all states. */
  readonly capabilities?: (scene: Scene) => readonly string[];
}

/** What a command runs in. */
export interface Scene {
  /** Every command by its verb. */
  readonly commands: ReadonlyMap<string, Announcement>;
  readonly options: ImapOptions;
  readonly limits: ImapLimits;
  readonly state: ImapState;
  readonly output: Output;
  /** Messages that came with the command. */
  readonly literals: AppendLiterals;
  /** Bytes of messages that the command at hand has taken or read, and still needs; and of the page of rows that it tells. */
  readonly memory: { readBytes: number; pageBytes: number };
}

/** Before any login. */
export function startState(tlsActive: boolean, channel: SaslChannel = BARE_CHANNEL): ImapState {
  return {
    tlsActive,
    channel,
    compressed: false,
    login: null,
    selected: null,
    enabled: new Set(),
    earlyStirred: 0,
    viewLost: false,
    errors: 0,
    loginFailures: 0,
    closed: false,
  };
}

export function phaseOf(state: ImapState): Phase {
  if (state.closed) return "closed";
  if (state.login === null) return "notAuthenticated";
  return state.selected === null ? "authenticated" : "selected";
}

/** The address of whoever has logged in. */
export function addressOf({ state }: Scene): string {
  assert(state.login !== null, "somebody has logged in");
  return state.login.user;
}

/** Whether a password may cross the wire now (RFC 9051 §6.2.3). */
export function mayLogIn({ state, options }: Scene): boolean {
  return state.tlsActive || options.plaintextLogin;
}

/** Whether mailbox names and texts go as UTF-8 (RFC 6855 §3, RFC 9051 §5.1). */
export function speaksUtf8({ enabled }: ImapState): boolean {
  return enabled.has("UTF8=ACCEPT") || enabled.has("IMAP4rev2");
}

/** Whether modification sequences are told unasked (RFC 7162 §3.1). */
export function tellsModSeq({ enabled }: ImapState): boolean {
  return enabled.has("CONDSTORE") || enabled.has("QRESYNC");
}

/** Whether the client speaks revision 2: no \Recent, ESEARCH for SEARCH. */
export function isRevision2({ enabled }: ImapState): boolean {
  return enabled.has("IMAP4rev2");
}
