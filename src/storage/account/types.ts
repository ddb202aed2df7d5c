import type { Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { FlagBits } from "../../mail/flag.ts";
import type { MessageFlags, TreeOutcome } from "../../mail/mailbox_entry.ts";
import type { MailboxName, SpecialUse } from "../../mail/mailbox_name.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "../../mail/message_annotation.ts";
import type { MessageRow } from "../../mail/mailbox_state.ts";
import type { AppendOutcome, CopyOutcome } from "../../mail/mailbox_view.ts";
import type { Pieces } from "../../mail/pieces.ts";
import type { Quota } from "../../mail/quota.ts";
import type { Ranges } from "../../mail/ranges.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import type { ModSeq, Uid } from "../../mail/uid.ts";

export type { TreeOutcome };

/** A mailbox of an account by its name, or a name that is subscribed and has no mailbox (`mailbox` 0, `objectId` ""). */
export interface MailboxNode {
  /** Number in the account, never used again. */
  readonly mailbox: number;
  readonly name: MailboxName;
  /** Stays with the mailbox when it is renamed (MAILBOXID, RFC 8474 §4). */
  readonly objectId: string;
  readonly specialUse: SpecialUse | null;
  readonly subscribed: boolean;
}

/** A message as views show it. */
export interface FullRow extends MessageRow {
  /** SAVEDATE (RFC 8514): when it came into this mailbox, ms since 1970 UTC, whole seconds. */
  readonly savedMs: number;
  /** Number of the content in the shard: equal for copies, never used again (EMAILID, RFC 8474 §5.1). */
  readonly content: number;
  /** The MIME index when it was asked for; null when there is none. */
  readonly index?: Uint8Array | null;
}

export interface RowsWanted {
  /** Rows, at most 10,000. */
  readonly limit: number;
  /** Whether the MIME indexes are wanted; then an answer ends, with `more`, also after 4 MB of them. */
  readonly index: boolean;
}

/** Which rows are wanted as columns. */
export interface RowRanges {
  /** UIDs as pairs of first and last, rising. */
  readonly ranges: readonly number[];
  /** Only higher UIDs. */
  readonly after: number;
  /** Only rows with a higher MODSEQ; 0: all. */
  readonly modSeqAbove: number;
  /** How many rows have a lower UID. */
  readonly rankOf: (uid: number) => number;
  /** About so many rows are looked at for one answer. */
  readonly lookedMax: number;
}

/** What of the contents of rows is wanted. */
export interface ContentsWanted {
  readonly rows: RowColumns;
  readonly what: "body" | "index";
  /** Of larger messages nothing, in bytes. */
  readonly sizeMax: number;
  /** Bytes of one answer: it is of fewer rows then, and of one at least. */
  readonly bytesMax: number;
  /** Where that part of the indexes is kept beside the rows, which are all of that mailbox; absent: it is not. */
  readonly column?: ColumnOf;
  /** The rows of which something is wanted; absent: all. */
  readonly wants?: (row: number) => boolean;
  /** Takes a part: narrows the place of a whole one within `bytes`. False: the piece is missing. Absent: all is wanted. */
  readonly part?: (bytes: Uint8Array, place: PiecePlace) => boolean;
}

/** A column of the indexes of a mailbox. */
export interface ColumnOf extends MailboxRef {
  /** Its number, from 0. */
  readonly column: number;
}

/** What of the MIME indexes is kept once more beside the rows of large mailboxes, so that much of it is read at once. */
export interface IndexColumns {
  /** Of the indexes that `find` reads, 0 to 255: what was kept of others is not used. */
  readonly version: number;
  /** Columns that there are. */
  readonly count: number;
  /** Narrows the place of a whole index within `bytes` to a column of it; false: it has none. */
  readonly find: (column: number, bytes: Uint8Array, place: PiecePlace) => boolean;
}

/** Where a piece lies. */
export interface PiecePlace {
  offset: number;
  length: number;
}

/** Rows per block of 64 UIDs: block number b holds the UIDs [64 b, 64 b + 64). Blocks without rows are left out. */
export interface BlockCounts {
  /** Block numbers, rising. */
  readonly blocks: Uint32Array;
  /** Rows in the block of the same index: 1 to 64. */
  readonly rows: Uint8Array;
}

/** One message of an append. */
export interface AppendMessage extends MessageFlags {
  /** The message exactly as it is to be kept, in pieces; not to be changed until the answer. */
  readonly parts: readonly Uint8Array[];
  /** The MIME index, or null. */
  readonly index: Uint8Array | null;
  /** ms since 1970 UTC. */
  readonly internalDateMs: number;
  /** RFC 5257 §4.7. */
  readonly annotations?: readonly MessageAnnotation[];
}

/** Several messages into one mailbox: all or none (RFC 3502). The limits are the account's. */
export interface AppendInput extends Quota {
  /** Asked twice under it, it is stored once; see `DeliverInput.opId`. Absent: whoever asks does so once, and nothing is remembered. */
  readonly opId?: string;
  readonly account: AccountId;
  readonly mailbox: number;
  /** 1 to 1,000. */
  readonly messages: readonly AppendMessage[];
  /** The time now, ms since 1970 UTC. */
  readonly savedMs: number;
  /** A message that goes in the same change (RFC 8508): its bytes make room for those that come. */
  readonly replaces?: MessageRef;
}

/** A mailbox of an account. */
export interface MailboxRef {
  readonly account: AccountId;
  readonly mailbox: number;
}

/** A message of a mailbox. */
export interface MessageRef extends MailboxRef {
  readonly uid: number;
}

/**
 * Messages into another mailbox (or the same), all that are there of `uids` or none; bodies are shared, not copied. The limits are
 * those of the target's account.
 */
export interface CopyInput extends Quota {
  readonly from: MailboxRef;
  /** May be of another account of the shard. */
  readonly to: MailboxRef;
  /** At most 100,000; those that are gone are passed over. */
  readonly uids: readonly number[];
  /** Which annotations go with them (RFC 5257 §4.6); none when absent. */
  readonly annotations?: AnnotationsCopied;
  /** Which of their flags and keywords go with them: they never have others where they come to (RFC 4314 §4). Absent: all. */
  readonly within?: FlagsWithin;
  /** Whether the originals go, in the same change (RFC 6851). */
  readonly move: boolean;
  /** The time now, ms since 1970 UTC. */
  readonly savedMs: number;
}

/** What a shard answers to a copy; how many it may be is for whoever asks to see to. */
export type CopyResult = Exclude<CopyOutcome, { readonly type: "tooMany" }>;

/** What of annotations goes with a copy. */
export type AnnotationsCopied = "all" | "shared" | "none";

/** Annotations of one message. */
export interface AnnotationsOf {
  readonly uid: number;
  /** Private before shared, by rising names. */
  readonly annotations: readonly MessageAnnotation[];
}

/** A STORE of annotations (RFC 5257 §4.5). */
export interface AnnotationStore {
  readonly changes: readonly MessageAnnotationChange[];
  /** Messages with a higher MODSEQ are left alone (RFC 7162 §3.1.3); null: none are. */
  readonly unchangedSince: number | null;
}

/** Some of the system flags, and all keywords or none. */
export interface FlagsWithin {
  readonly flags: FlagBits;
  readonly keywords: boolean;
}

/** A STORE (RFC 9051 §6.4.6). */
export interface FlagStore extends MessageFlags {
  /** What may be changed at all: other flags stay as they are. Absent: everything. */
  readonly within?: FlagsWithin;
  readonly how: "add" | "remove" | "replace";
  /** Messages with a higher MODSEQ are left alone (RFC 7162 §3.1.3); null: none are. */
  readonly unchangedSince: number | null;
}

/** A STORE among others. */
export interface FlagStoreOf extends FlagStore {
  readonly uids: Ranges;
}

export type FlagStoreResult =
  | {
    readonly type: "stored";
    /** UIDs whose flags or keywords are other than before, rising; those that were so already are not among them. */
    readonly changed: readonly Uid[];
    /** UIDs left alone because of `unchangedSince`, rising. */
    readonly modified: readonly Uid[];
    /** UIDs that are not there, rising. */
    readonly missing: readonly Uid[];
    /** HIGHESTMODSEQ of the mailbox; the MODSEQ of all `changed`, if any. */
    readonly modSeq: ModSeq;
  }
  /** Too many keywords in the mailbox. */
  | { readonly type: "limit" };

/** The same of ranges of UIDs. */
export type RangesStoreResult =
  | {
    readonly type: "stored";
    readonly changed: Ranges;
    readonly modified: readonly Uid[];
    /** What no message has of the ranges. */
    readonly missing: Ranges;
    readonly modSeq: ModSeq;
  }
  | { readonly type: "limit" };

/** An annotation or its removal (null). Keys: 1 to 255 octets in UTF-8, compared as they are; values: at most 64 KB. */
export type Annotation = readonly [key: string, value: Uint8Array | null];

/** Who may do what in a mailbox; null removes the entry. Identifiers: 1 to 255 octets in UTF-8; rights: at most 128 characters. */
export type AclEntry = readonly [identifier: string, rights: string | null];

/** By what tokens are made for whom (mailbox access key, RFC 4467 §2.2): an account, and 32 bytes; null removes the key. */
export type AccessKey = readonly [who: AccountId, key: Uint8Array | null];

export type SettingOutcome = { readonly type: "done" } | { readonly type: "missing" } | { readonly type: "limit" };

/**
 * Many mailboxes per account. INBOX, Sent, Drafts, Trash, Junk and Archive (numbers 1 to 6) are there, subscribed, from an
 * account's first day on: reading them writes nothing. What is not there is an outcome; what breaks a bound is Failure `invalid`.
 */
export interface AccountStore {
  /** All mailboxes and subscriptions by name, in the order of their octets. */
  mailboxes(account: AccountId): MailboxNode[];
  /** Null when there is neither a mailbox nor a subscription of this name. */
  mailboxNamed(account: AccountId, name: MailboxName): MailboxNode | null;
  /** Makes missing parents, too. A mailbox made anew has a higher UIDVALIDITY than any of its name before (RFC 9051 §2.3.1.1). */
  createMailbox(account: AccountId, name: MailboxName, specialUse: SpecialUse | null): Promise<TreeOutcome>;
  /** The mailbox and its mail are gone at once for all who look; the rows go later in bounded steps. Children and subscription stay. */
  removeMailbox(account: AccountId, name: MailboxName): Promise<TreeOutcome>;
  /** Children follow. INBOX stays and its messages move to a new mailbox (RFC 9051 §6.3.6). */
  renameMailbox(account: AccountId, from: MailboxName, to: MailboxName): Promise<TreeOutcome>;
  subscribe(account: AccountId, name: MailboxName, subscribed: boolean): Promise<TreeOutcome>;
  /** Rows with a UID above `after`, rising. */
  rowsAt(account: AccountId, mailbox: number, after: number, wanted: RowsWanted): { rows: FullRow[]; more: boolean };
  /** Adds rows to columns while there is room, with how many rows are before them as `sequence`. Answers the `after` of the rest, or null. */
  fillRows(account: AccountId, mailbox: number, wanted: RowRanges, into: RowColumns): number | null;
  /** Contents of the first rows, their checksums right; a piece is missing when there is none, or it is damaged, or too large. */
  contents(wanted: ContentsWanted): Pieces;
  /** Mean bytes of a column of the messages around a UID; 0 when it is not kept there, and reading it takes longer. */
  columnBytes(of: ColumnOf, uid: number): number;
  /** The names of a set of keywords, by its number in columns. */
  keywordSet(account: AccountId, mailbox: number, set: number): readonly string[];
  /** Costs a few ms for a million messages. */
  blockCounts(account: AccountId, mailbox: number): BlockCounts;
  /** Keywords that a message of the mailbox has, as they were first spelt, in the order of their lower-case names. */
  keywords(account: AccountId, mailbox: number): readonly string[];
  /** The MIME index of a message; null when none was made or it is damaged; Failure `not_found` when the message is gone. */
  fetchIndex(account: AccountId, mailbox: number, uid: number): Uint8Array | null;
  append(input: AppendInput): Promise<AppendOutcome>;
  copy(input: CopyInput): Promise<CopyResult>;
  storeFlags(account: AccountId, mailbox: number, uids: readonly number[], store: FlagStore): Promise<FlagStoreResult>;
  /** The same of all messages within ranges: 100,000 of them take some ms, how many it may be is for whoever asks to see to. */
  storeRanges(account: AccountId, mailbox: number, uids: Ranges, store: FlagStore): Promise<RangesStoreResult>;
  /** Several such changes of one mailbox, in their order: what one meets is its own. They become durable together, as far as they can. */
  storeRangesEach(
    account: AccountId,
    mailbox: number,
    stores: readonly FlagStoreOf[],
  ): Promise<readonly (RangesStoreResult | Failure)[]>;
  /** All or none; `limit` when one of the messages would have too many, or the account's settings too many bytes. */
  annotate(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    store: AnnotationStore,
  ): Promise<FlagStoreResult>;
  /** Of the messages between two UIDs, those among them; without those that have none. */
  annotations(account: AccountId, mailbox: number, first: number, last: number): AnnotationsOf[];
  /** Annotations of a mailbox, or of the account (`mailbox` 0), by rising key (METADATA, RFC 5464). */
  metadata(account: AccountId, mailbox: number): [key: string, value: Uint8Array][];
  /** All or nothing; `limit` when those of the mailbox would be more than 100, or than 256 KB, or all of the account than 4 MB. */
  setMetadata(account: AccountId, mailbox: number, entries: readonly Annotation[]): Promise<SettingOutcome>;
  /** Rights by identifier, rising (ACL, RFC 4314). */
  acl(account: AccountId, mailbox: number): [identifier: string, rights: string][];
  /** Mailboxes of all accounts of the shard that have rights beside them. */
  shared(): MailboxRef[];
  /** All or nothing; `limit` when the mailbox would have more than 100 entries. */
  setAcl(account: AccountId, mailbox: number, entries: readonly AclEntry[]): Promise<SettingOutcome>;
  /** Keys of a mailbox by whom they are for, rising (URLAUTH, RFC 4467). They go with the mailbox. */
  accessKeys(account: AccountId, mailbox: number): [who: AccountId, key: Uint8Array][];
  /** All or nothing; `limit` when the mailbox would have keys for more than 100 accounts. */
  setAccessKeys(account: AccountId, mailbox: number, keys: readonly AccessKey[]): Promise<SettingOutcome>;
}
