import type { MailboxEntry } from "./mailbox_entry.ts";
import type { MailboxName } from "./mailbox_name.ts";

/**
 * What a session can be told of mailboxes that it has not selected (RFC 5465 §5): that messages came or went, that their flags or
 * annotations changed, that a name has a mailbox or lost it, subscriptions, annotations of mailboxes, and of the account itself.
 */
export type WatchEvent =
  | "messages"
  | "flags"
  | "annotations"
  | "names"
  | "subscriptions"
  | "metadata"
  | "accountMetadata";

/** All of them, each once. */
export const WATCH_EVENTS: readonly WatchEvent[] = [
  "messages",
  "flags",
  "annotations",
  "names",
  "subscriptions",
  "metadata",
  "accountMetadata",
];

/** Which mailboxes are watched (RFC 5465 §6.2 to §6.6). */
export type WatchFilter = "inboxes" | "personal" | "subscribed" | "subtree" | "mailboxes";

export const WATCH_FILTERS: readonly WatchFilter[] = ["inboxes", "personal", "subscribed", "subtree", "mailboxes"];

/** Mailboxes and the events they are watched for; without any, nothing is told of them, whatever other groups say. */
export interface WatchGroup {
  readonly filter: WatchFilter;
  /** Of "subtree" and "mailboxes". */
  readonly names: readonly MailboxName[];
  readonly events: readonly WatchEvent[];
}

/** Names of all groups of one watch together: a client that wants more asks for a subtree. */
export const WATCH_NAMES_MAX = 1_000;
/** Groups of one watch. */
export const WATCH_GROUPS_MAX = 1_000;

/** A mailbox that is watched, as it is now. */
export interface WatchedMailbox {
  /** With `status` where it was asked for, and the mailbox may be read. */
  readonly entry: MailboxEntry;
  readonly events: readonly WatchEvent[];
}

/** The answer to a watch. */
export type WatchOpened =
  | {
    readonly type: "watching";
    /** Names the watch in all that follows; never the number of a view. */
    readonly watch: number;
    /** Mailboxes whose state was asked for, and all that may be looked up but not read. */
    readonly mailboxes: readonly WatchedMailbox[];
  }
  /** There are too many watches already. */
  | { readonly type: "tooMany" };

/** Something happened to a name: it has a mailbox now, or another one, or none. */
export interface WatchedName {
  readonly entry: MailboxEntry;
  readonly hasChildren: boolean;
  /** What the mailbox was called before; null when it has no other name. */
  readonly oldName: MailboxName | null;
  /** It is watched for more than its name, and may not be read (RFC 5465 §5.9). */
  readonly noAccess: boolean;
}

/** What a watch has to tell: each mailbox once, however much happened to it. */
export interface Tidings {
  readonly names: readonly WatchedName[];
  readonly metadata: readonly { readonly name: MailboxName | ""; readonly entries: readonly string[] }[];
  /** Mailboxes whose messages or flags changed, with their state. */
  readonly mailboxes: readonly WatchedMailbox[];
  /** Ask again. */
  readonly more: boolean;
  /** More happened than is kept: the watch is over (RFC 5465 §5.8). */
  readonly overflow: boolean;
}
