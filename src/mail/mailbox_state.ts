import type { AccountId } from "./account.ts";
import type { FlagBits } from "./flag.ts";
import type { AnnotationRef } from "./message_annotation.ts";
import type { Quota } from "./quota.ts";
import type { Ranges } from "./ranges.ts";
import type { ModSeq, Uid, UidValidity } from "./uid.ts";

/** One recipient's share of a delivery. */
export interface DeliveryTarget extends Quota {
  readonly account: AccountId;
}

/** What a mailbox shows of one message without reading its body. */
export interface MessageRow {
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  readonly flags: FlagBits;
  readonly keywords: readonly string[];
  /** Bytes, as RETR and RFC822.SIZE count them. */
  readonly size: number;
  /** When it was delivered, ms since 1970 UTC. */
  readonly internalDateMs: number;
}

/** Counters of one mailbox, read in O(1). A mailbox that never had mail shows UIDNEXT 1 and HIGHESTMODSEQ 1. */
export interface MailboxStatus {
  readonly uidValidity: UidValidity;
  readonly uidNext: Uid;
  readonly highestModSeq: ModSeq;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Bytes of all messages in it. */
  readonly size: number;
}

/** What became durable in a mailbox. */
export type MailboxChange =
  /** One message came; several that come at once are told one by one. */
  | { readonly kind: "delivered"; readonly uid: Uid; readonly modSeq: ModSeq }
  | { readonly kind: "expunged"; readonly uids: readonly Uid[]; readonly modSeq: ModSeq }
  /** Flags or keywords are other than before; or `annotations` of the messages are (RFC 5257). */
  | {
    readonly kind: "flags";
    readonly uids: Ranges;
    readonly modSeq: ModSeq;
    readonly annotations?: readonly AnnotationRef[];
  }
  /** The mailbox was removed, or its UIDs begin anew under another UIDVALIDITY: what was told of it is over. */
  | { readonly kind: "ended" };
