import type { AccountId } from "../mail/account.ts";
import type { FlagBits } from "../mail/flag.ts";
import type { MailboxAsks } from "../mail/mailbox_ask.ts";
import type { DeliveryTarget, MailboxChange, MailboxStatus, MessageRow } from "../mail/mailbox_state.ts";
import type { Quota } from "../mail/quota.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { ActorAddress } from "../runtime/types.ts";

export type { DeliveryTarget, MailboxChange, MailboxStatus, MessageRow };

export type DeliverReply =
  /** Durable: flushed to the disk. One UID for each target, in the order asked. */
  | { readonly type: "delivered"; readonly uids: readonly Uid[] }
  /** Nothing was stored for anybody: these accounts are over their quota (452 4.2.2). */
  | { readonly type: "full"; readonly accounts: readonly AccountId[] };

/** What a subscriber is told. */
export interface MailboxSubscriberProtocol {
  /** There is news for a view (`mailbox.news`), or for a watch (`mailbox.tidings`). Told once, until it was asked for. */
  "mailbox.stirred": { request: { readonly account: AccountId; readonly view: number }; reply: void };
}

/** Who asks for a view, or a watch: it is told of news, and the view ends with its worker. The limits are for what the account copies. */
export interface ViewOwner extends Quota {
  readonly subscriber: ActorAddress;
  /** Names the session among those of the subscriber. */
  readonly session: string;
}

/** What sessions that show mailboxes ask a mailbox actor. */
export interface MailboxViewProtocol extends Omit<MailboxAsks, "mailbox.open" | "mailbox.watch" | "mailbox.copy"> {
  "mailbox.copy": {
    /** The limits are those of the account that the target belongs to, where that is another; absent: the view's. */
    request: MailboxAsks["mailbox.copy"]["request"] & Partial<Quota>;
    reply: MailboxAsks["mailbox.copy"]["reply"];
  };
  "mailbox.open": {
    request: MailboxAsks["mailbox.open"]["request"] & ViewOwner;
    reply: MailboxAsks["mailbox.open"]["reply"];
  };
  "mailbox.watch": {
    request: MailboxAsks["mailbox.watch"]["request"] & Omit<ViewOwner, "quotaBytes">;
    reply: MailboxAsks["mailbox.watch"]["reply"];
  };
}

interface InMailbox {
  readonly account: AccountId;
  /** Number of the mailbox in the account; INBOX_ID is INBOX. */
  readonly mailbox: number;
}

/**
 * What a mailbox actor (one per domain, address "domain/<name>") understands. Every answer to a change means durable. A full
 * or failing disk is a Failure of kind disk_full or disk; reads go on.
 */
export interface MailboxProtocol extends MailboxViewProtocol {
  "mailbox.deliver": {
    request: {
      /** Unique for this delivery to this domain: asked twice, it is stored once. */
      readonly opId: string;
      readonly targets: readonly DeliveryTarget[];
      /** The message exactly as it is to be kept, in pieces. */
      readonly parts: readonly Uint8Array[];
      /** The MIME index of it, made by whoever has read it; absent when nobody has. */
      readonly index?: Uint8Array | null;
      readonly flags?: FlagBits;
      /** Mailbox to file into; INBOX when absent. */
      readonly mailbox?: number;
    };
    reply: DeliverReply;
  };
  /** Takes back what `opId` delivered, because another domain's share of the same mail was refused. */
  "mailbox.withdraw": { request: { readonly opId: string }; reply: null };
  /** Whether one message more, of `size` bytes, fits the quota. */
  "mailbox.room": {
    request: { readonly target: DeliveryTarget; readonly size: number };
    reply: { readonly fits: boolean };
  };
  "mailbox.status": { request: InMailbox; reply: MailboxStatus };
  /** Rows with a UID above `after`, in rising order, at most `limit` (10,000). */
  "mailbox.list": {
    request: InMailbox & { readonly after: number; readonly limit: number };
    reply: { readonly rows: readonly MessageRow[]; readonly more: boolean };
  };
  /** Bytes [offset, offset + length) of a message; `not_found` when it is gone, `corrupt` when its checksum is wrong. */
  "mailbox.fetch": {
    request: InMailbox & { readonly uid: Uid; readonly offset: number; readonly length: number };
    reply: { readonly bytes: Uint8Array; readonly size: number };
  };
  /** Removes messages for good; UIDs that are gone already are passed over. */
  "mailbox.expunge": {
    request: InMailbox & { readonly uids: readonly Uid[] };
    reply: { readonly expunged: readonly Uid[]; readonly modSeq: ModSeq };
  };
  /** Exclusive POP3 lock on the maildrop (RFC 1939 §4), freed when the owner's worker goes. */
  "mailbox.lock": {
    request: {
      readonly account: AccountId;
      readonly owner: ActorAddress;
      readonly session: string;
      /** Least time since the account's last lock, in ms (RFC 2449 §6.5); 0: none. */
      readonly delayMs: number;
    };
    reply: { readonly locked: boolean; readonly tooSoon: boolean };
  };
  "mailbox.unlock": { request: { readonly account: AccountId; readonly session: string }; reply: null };
  /** Bytes used by the account over all its mailboxes. */
  "mailbox.usage": {
    request: { readonly account: AccountId };
    reply: { readonly bytes: number; readonly messages: number };
  };
  /** Removes all mail of an account that was deleted from the directory. */
  "mailbox.purge": { request: { readonly account: AccountId }; reply: { readonly messages: number } };
}
