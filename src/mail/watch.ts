import type { MailboxName } from "./mailbox_name.ts";

/**
 * What a session can be told of mailboxes that it has not selected (RFC 5465 §5): that messages came or went, that flags changed, that
 * a name has a mailbox or lost it, subscriptions, annotations of mailboxes, and of the account itself.
 */
export type WatchEvent = "messages" | "flags" | "names" | "subscriptions" | "metadata" | "accountMetadata";

/** All of them, each once. */
export const WATCH_EVENTS: readonly WatchEvent[] = [
  "messages",
  "flags",
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
