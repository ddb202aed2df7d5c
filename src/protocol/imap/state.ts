import { assert } from "../../base/assert.ts";
import type { MailboxName } from "../../mail/mailbox_name.ts";
import type { ViewNews } from "../../mail/mailbox_view.ts";
import type { Quota } from "../../mail/quota.ts";
import type { Rights } from "../../mail/rights.ts";
import type { UidValidity } from "../../mail/uid.ts";
import { BARE_CHANNEL, type SaslChannel } from "../sasl/mod.ts";
import type { ImapOptions, ImapSession } from "./actions.ts";
import type { BatchesAsked } from "./batches_asked.ts";
import type { FetchItem } from "./grammar/ast_fetch.ts";
import type { AppendLiterals } from "./append/append_literals.ts";
import type { ImapLimits } from "./limits.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Output } from "./write/output.ts";
import type { SearchedPlace } from "./write/write_results.ts";

/** The states of RFC 9051 §3; "closed" is logout. */
export type Phase = ImapSession["phase"];

/** What a client can turn on (RFC 5161), and cannot turn off again. */
export type Enabled = "CONDSTORE" | "QRESYNC" | "UTF8=ACCEPT" | "IMAP4rev2" | "UIDONLY";

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
  /** Annotations that others change are told (RFC 5257 §4.2). */
  readonly annotate: boolean;
  /** Messages: what sequence numbers may be. */
  exists: number;
  recent: number;
  /** Keywords that FLAGS has told. */
  keywords: readonly string[];
  /** There is news that was not asked for yet. */
  stirred: boolean;
  /** News that came with the answer to a command, and is told behind it; absent: none. */
  news?: ViewNews | undefined;
  /** Searches whose changes are told, by their tags (RFC 5267 §4.3); null: none. */
  updates: Map<string, UpdatedSearch> | null;
  /** What was asked by UIDBATCHES since the mailbox was selected; absent: nothing. */
  batches?: BatchesAsked;
}

/** How the changes of a search's results are told (RFC 5267 §4.3). The results themselves lie with the owner of the mailbox. */
export interface UpdatedSearch {
  readonly uid: boolean;
  /** Of ESEARCH (RFC 7377 §2.1). */
  readonly named: SearchedPlace | null;
  /** To be fetched of each new message among the results (RFC 5465 §7). */
  readonly items: readonly FetchItem[];
}

/** Who has logged in, and what the account may hold. */
export interface Login extends Quota {
  readonly user: string;
}

/** How a client is told of messages in the selected mailbox, unasked (RFC 5465 §6.1). */
export interface NotifySelected {
  /** Removals wait for a command that may tell them. */
  readonly delayed: boolean;
  /** Flags that others change are told, too. */
  readonly flags: boolean;
  /** So are annotations of messages. */
  readonly annotations: boolean;
  /** To be fetched of each new message. */
  readonly items: readonly FetchItem[];
}

/** What NOTIFY has asked for: there is one only once it was said. */
export interface Notify {
  /** Null: nothing of the selected mailbox. */
  readonly selected: NotifySelected | null;
  /** The watch of other mailboxes; 0: none. */
  readonly watch: number;
  /** The watch has tidings. */
  stirred: boolean;
  /** News could not be had: it waits for the next command, or for more. */
  held: boolean;
  /** UIDs that this session has put into the selected mailbox itself, as pairs: nothing is fetched of them. */
  own: readonly number[];
}

/** After NOTIFY NONE: nothing is told unasked. */
export function noNotices(): Notify {
  return { selected: null, watch: 0, stirred: false, held: false, own: [] };
}

/** What a session knows between commands. Only the command that runs changes it. */
export interface ImapState {
  tlsActive: boolean;
  channel: SaslChannel;
  compressed: boolean;
  login: Login | null;
  selected: Selected | null;
  readonly enabled: Set<Enabled>;
  /** Null until NOTIFY is said for the first time: that costs those nothing that never say it. */
  notify: Notify | null;
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

/** How far a command is. */
export interface Progress {
  /** Null between commands. */
  tag: string | null;
  /** Messages looked at, of how many; 0 of 0 when nobody can tell. */
  done: number;
  goal: number;
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
  /** What the client has said, in its order. */
  readonly pipeline: Pipeline;
  /** The command at hand, and how much of its work is done, where it can tell (RFC 9585). */
  readonly progress: Progress;
  readonly memory: {
    /** Bytes of messages that the command at hand has taken or read, and still needs. */
    readBytes: number;
    /** Bytes of the page of rows that it tells. */
    pageBytes: number;
    /** All sessions together hold too much: the command should give up. */
    short: boolean;
  };
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
    notify: null,
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

/** Whether the client wants to know of messages in the selected mailbox: all but those that said otherwise (RFC 5465 §3.1). */
export function tellsSelected({ notify }: ImapState): boolean {
  return notify === null || notify.selected !== null;
}

/** Whether modification sequences are told unasked (RFC 7162 §3.1). */
export function tellsModSeq({ enabled }: ImapState): boolean {
  return enabled.has("CONDSTORE") || enabled.has("QRESYNC");
}

/** Whether the client knows no sequence numbers (RFC 9586): it must not be told any. */
export function isUidOnly({ enabled }: ImapState): boolean {
  return enabled.has("UIDONLY");
}

/** Whether the client speaks revision 2: no \Recent, ESEARCH for SEARCH. */
export function isRevision2({ enabled }: ImapState): boolean {
  return enabled.has("IMAP4rev2");
}
