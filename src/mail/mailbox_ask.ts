import type { AccountId } from "./account.ts";
import type { FlagBits } from "./flag.ts";
import type { MailboxName, SpecialUse } from "./mailbox_name.ts";
import type { MessageAnnotation, MessageAnnotationChange } from "./message_annotation.ts";
import type { MailboxStatus } from "./mailbox_state.ts";
import type { Rights } from "./rights.ts";
import type { Quota } from "./quota.ts";
import type { SearchProgram } from "./search_program.ts";
import type { ModSeq, Uid, UidValidity } from "./uid.ts";
import type { WatchEvent, WatchGroup } from "./watch.ts";

/*
 * What a session that shows mailboxes (IMAP, later JMAP) asks of their owner. A session holds no copy of a mailbox's index:
 * the owner keeps a *view* for it, which remembers what the session has been told, and counts message sequence numbers by it.
 *
 * Names are as the account that asks sees them: `Other Users/<address>/<mailbox>` is a mailbox that another account of the domain
 * shares (RFC 2342 §5). What it may do there is looked up whenever it asks for something. Where a right is wanting the answer is a
 * Failure `refused`; to whoever may not even look a mailbox up it is the same as if there were none (RFC 4314 §6, ATTACKS I20).
 */

/** Flags of a message: system flags as bits, keywords by name (as they were first spelt; compared without case). */
export interface MessageFlags {
  readonly flags: FlagBits;
  readonly keywords: readonly string[];
}

/**
 * Messages named in a command: pairs of first and last, flat, each at least 1; 0 stands for "*" (RFC 9051 §9 sequence-set).
 * Order within a pair does not matter. `saved` is "$", the result of the last SEARCH with SAVE (RFC 5182).
 */
export type MessageSet =
  | { readonly by: "sequence" | "uid"; readonly pairs: readonly number[] }
  | { readonly by: "saved" };

/** One mailbox of an account, or a name that only lies above others. */
export interface MailboxEntry {
  /** Number in the account, never used again; 0 when no mailbox has this name. */
  readonly mailbox: number;
  readonly name: MailboxName;
  /** Unique in the shard for good (MAILBOXID, RFC 8474 §4); "" when no mailbox has this name. */
  readonly objectId: string;
  readonly specialUse: SpecialUse | null;
  readonly subscribed: boolean;
  /** What the account may do with it; absent: everything, or there is no mailbox. */
  readonly rights?: Rights;
  /** Present when it was asked for, and the mailbox exists and may be read. */
  readonly status?: MailboxStatus;
  /** The same of messages that no session was told of (RFC 3501 §6.3.10 RECENT). */
  readonly recent?: number;
}

/** How a change of the mailbox tree ended. */
export type TreeOutcome =
  | { readonly type: "done"; readonly mailbox: number; readonly objectId: string }
  | { readonly type: "exists" }
  | { readonly type: "missing" }
  /** The name is not allowed, INBOX cannot be removed, a parent would be its own child. */
  | { readonly type: "cannot" }
  /** Too many mailboxes, or too deep. */
  | { readonly type: "limit" };

/** What a client that was here before still knows (QRESYNC, RFC 7162 §3.2.5). */
export interface ResyncFrom {
  readonly uidValidity: number;
  readonly modSeq: number;
  /** UIDs the client knows, as pairs; null: all below UIDNEXT. */
  readonly known: readonly number[] | null;
  /** Sequence numbers and their UIDs, as the client saw them: two lists of the same length; null when not given. */
  readonly match: { readonly sequence: readonly number[]; readonly uids: readonly number[] } | null;
}

/** The answer to opening a view. */
export type ViewOpened =
  | {
    readonly type: "opened";
    /** Names the view in all that follows. */
    readonly view: number;
    readonly mailbox: number;
    readonly objectId: string;
    /** Asked for, or nothing can be changed for want of rights (RFC 4314 §5.2). */
    readonly readOnly: boolean;
    readonly rights: Rights;
    readonly status: MailboxStatus;
    /** Messages that no session was told of before (\Recent, RFC 3501 §2.3.2). */
    readonly recent: number;
    /** Sequence number of the first unseen message (RFC 3501 §7.1 UNSEEN); 0 when there is none. */
    readonly firstUnseen: number;
    /** Keywords in use in the mailbox. */
    readonly keywords: readonly string[];
    /** Messages gone since, as UID pairs, when it was asked from somewhere: rows that changed are read with `changedSince`. */
    readonly vanished: readonly number[] | null;
  }
  | { readonly type: "missing" };

/** What the session does not know yet. */
export interface ViewNews {
  /** Messages in the view after this news. */
  readonly exists: number;
  readonly recent: number;
  /** Messages that left the view, in the order to be told: sequence numbers valid one after the other, and their UIDs. */
  readonly expunged: readonly { readonly sequence: number; readonly uid: Uid }[];
  /** Flags that changed by others, in rising order; at most 1,000, then `more`. */
  readonly changed: readonly ViewRow[];
  /** Keywords in use, when new ones came; else null. */
  readonly keywords: readonly string[] | null;
  /** What the account may do, when it is not what it was; else null. */
  readonly rights: Rights | null;
  readonly highestModSeq: ModSeq;
  /** Ask again. */
  readonly more: boolean;
  /** The mailbox was removed, or may not be read any more: nothing can be done but to leave. */
  readonly gone: boolean;
  /** The account's key for the mailbox was made anew (RFC 4467 §7 RESETKEY). */
  readonly keyReset?: boolean;
  /** Of searches whose changes are told; absent: there are none. */
  readonly updates?: {
    /** Results that left the mailbox, numbered as before `expunged`. */
    readonly gone: readonly ResultChange[];
    /** What else came to results or left them, numbered as after all that is told here. */
    readonly changed: readonly ResultChange[];
    /** Tags of searches whose changes are not told any more. */
    readonly ended: readonly string[];
  };
}

/** Messages that came to the results of a search or left them, to be told in this order (RFC 5267 §4.3.2). */
export interface ResultChange {
  /** Of the search. */
  readonly tag: string;
  readonly how: "added" | "removed";
  /** Where in the results, from 1, or 0 where they are in mailbox order; and the messages, as pairs of UIDs or numbers. */
  readonly places: readonly (readonly [position: number, pairs: readonly number[]])[];
  /** Those of them that came to the mailbox just now, as pairs of UIDs; absent: none. */
  readonly fresh?: readonly number[];
}

/** What messages are put in order by (RFC 5256 §3, RFC 5957 §3). */
export interface OrderKey {
  readonly key:
    | "arrival"
    | "cc"
    | "date"
    | "from"
    | "size"
    | "subject"
    | "to"
    | "displayFrom"
    | "displayTo";
  readonly reverse: boolean;
}

/** One message as a view shows it. */
export interface ViewRow extends MessageFlags {
  readonly sequence: number;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  /** No other session was told of it before. */
  readonly recent: boolean;
  /** Bytes. */
  readonly size: number;
  /** INTERNALDATE, ms since 1970 UTC. */
  readonly internalDateMs: number;
  /** SAVEDATE (RFC 8514), ms since 1970 UTC. */
  readonly savedMs: number;
  /** Content identity in the shard: equal for copies (EMAILID, RFC 8474 §5.1). */
  readonly objectId: string;
  /** The MIME index made at delivery, when it was asked for; null when there is none. */
  readonly index?: Uint8Array | null;
  /** The first bytes of the message, when they were asked for: absent of one that is large, or cannot be read. */
  readonly head?: Uint8Array;
  /** Annotations that the account may read, when they were asked for and there are any (RFC 5257). */
  readonly annotations?: readonly MessageAnnotation[];
  /** In news: entries that others changed, when that was asked for. */
  readonly annotated?: readonly string[];
}

/** What of the MIME indexes made at delivery is wanted: nothing, all, or one of the texts in them. */
export type IndexWanted = "none" | "all" | "envelope" | "body" | "bodyStructure";

/** Rows as columns, with what else was asked for of each. */
export interface RowPage {
  /** Of `RowColumns`. */
  readonly rows: Uint8Array;
  /** Keywords by the numbers in the rows. */
  readonly keywordSets: readonly { readonly set: number; readonly names: readonly string[] }[];
  /** EMAILID (RFC 8474 §5.1) is this and the number of the content to the base 36. */
  readonly objectIdPrefix: string;
  /** Places in `indexBytes` of what was wanted of each MIME index; a piece is missing when there is none. Null: nothing was wanted. */
  readonly index: Uint8Array | null;
  readonly indexBytes: Uint8Array | null;
  /** Places in `headBytes` of the first bytes of each message; missing of one that is large, or cannot be read. Null: none were wanted. */
  readonly head: Uint8Array | null;
  readonly headBytes: Uint8Array | null;
  /** Of rows that have any; present when they were asked for. */
  readonly annotations?: readonly { readonly uid: number; readonly annotations: readonly MessageAnnotation[] }[];
  /** The `after` of the rest, or null. */
  readonly next: Uid | null;
  readonly vanished: readonly number[];
  /** As `mailbox.rows` says. */
  readonly missing: boolean;
}

/** A message to be stored by APPEND. */
export interface AppendedMessage extends MessageFlags {
  /** The message exactly as it is to be kept, in pieces. */
  readonly parts: readonly Uint8Array[];
  /** The MIME index, or null when it could not be made. */
  readonly index: Uint8Array | null;
  /** null: now. */
  readonly internalDateMs: number | null;
  /** RFC 5257 §4.7. */
  readonly annotations?: readonly MessageAnnotation[];
}

export type AppendOutcome =
  | { readonly type: "appended"; readonly uidValidity: UidValidity; readonly uids: readonly Uid[] }
  | { readonly type: "missing" }
  | { readonly type: "full" }
  | { readonly type: "limit" }
  /** The message that was to be replaced is not there: nothing was stored. */
  | { readonly type: "gone" };

export type CopyOutcome =
  | {
    readonly type: "copied";
    readonly uidValidity: UidValidity;
    /** UIDs in the source and in the target, one for one, rising in the source. */
    readonly from: readonly Uid[];
    readonly to: readonly Uid[];
  }
  | { readonly type: "missing" }
  | { readonly type: "full" }
  | { readonly type: "limit" }
  /** The set has more messages than one copy may have, or than were asked for. */
  | { readonly type: "tooMany"; readonly messagesMax: number };

/** Who has which rights, without the owner. A negative entry, which takes rights away, begins with "-" (RFC 4314 §2). */
export type AclListed =
  /** `owner`: the owner's address; null when it is the account that asks. */
  | { readonly type: "acl"; readonly owner: string | null; readonly entries: readonly (readonly [string, Rights])[] }
  | { readonly type: "missing" };

/** An account that is given rights, as the directory knows it. */
export interface Grantee {
  readonly id: AccountId;
  readonly address: string;
}

export type AclSet =
  | { readonly type: "done" }
  | { readonly type: "missing" }
  /** Nobody of the domain is called so. */
  | { readonly type: "unknown" }
  /** The owner has all rights, and keeps them. */
  | { readonly type: "owner" }
  /** Too many entries. */
  | { readonly type: "limit" };

/** Annotations of one mailbox; an entry that was asked for by its name and is not there is null. */
export type Annotations =
  | { readonly type: "found"; readonly values: readonly (readonly [entry: string, value: Uint8Array | null])[] }
  | { readonly type: "missing" }
  /** The mailbox may be looked up, its annotations may not. */
  | { readonly type: "denied" };

/** A piece of a message that was named by its mailbox and UID. */
export type Excerpt =
  | {
    readonly type: "read";
    readonly uidValidity: UidValidity;
    /** Of the message, in bytes. */
    readonly size: number;
    /** The MIME index made at delivery, when it was asked for; null when there is none. */
    readonly index: Uint8Array | null;
    readonly bytes: Uint8Array;
  }
  /** No such mailbox or message, or not under that UIDVALIDITY, or not for whoever asks. */
  | { readonly type: "missing" };

/** Which piece of which message is wanted: bytes [offset, offset + length). */
export interface ExcerptWanted {
  readonly name: MailboxName;
  /** Null: any. */
  readonly uidValidity: number | null;
  readonly uid: number;
  readonly offset: number;
  readonly length: number;
  readonly index: boolean;
}

export type AnnotationsSet =
  | { readonly type: "done" }
  | { readonly type: "missing" }
  /** An entry that is the server's to set. */
  | { readonly type: "cannot" }
  /** Private annotations of mailboxes of others are not kept. */
  | { readonly type: "noPrivate" }
  | { readonly type: "tooMany" };

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

interface OfAccount {
  /** Who asks. */
  readonly account: AccountId;
  /** The asker's watch, which is not told of what it asks for (RFC 5465 §5). */
  readonly by?: number;
}

interface OfView extends OfAccount {
  readonly view: number;
}

/** Every question by its name. A view that the owner does not know (any more) is a Failure `not_found`. */
export interface MailboxAsks {
  /** The account's mailboxes and subscriptions in the order of their names; makes the mailboxes of a new account first. */
  "mailbox.tree": {
    request: OfAccount & { readonly status: boolean; readonly recent?: boolean };
    reply: { readonly entries: readonly MailboxEntry[] };
  };
  /** Missing parents are made, too (RFC 9051 §6.3.4). */
  "mailbox.create": {
    request: OfAccount & { readonly name: MailboxName; readonly specialUse: SpecialUse | null };
    reply: TreeOutcome;
  };
  /** Its messages go; its children stay (RFC 9051 §6.3.5). */
  "mailbox.remove": { request: OfAccount & { readonly name: MailboxName }; reply: TreeOutcome };
  /** Children follow; renaming INBOX moves its messages into a new mailbox (RFC 9051 §6.3.6). */
  "mailbox.rename": {
    request: OfAccount & { readonly from: MailboxName; readonly to: MailboxName };
    reply: TreeOutcome;
  };
  /** A name may be subscribed without a mailbox of that name (RFC 9051 §6.3.7). */
  "mailbox.subscription": {
    request: OfAccount & { readonly name: MailboxName; readonly subscribed: boolean };
    reply: TreeOutcome;
  };
  /** By name: one entry each, in the order asked; null where there is none. */
  "mailbox.statusOf": {
    request: OfAccount & { readonly names: readonly MailboxName[]; readonly recent?: boolean };
    reply: { readonly entries: readonly (MailboxEntry | null)[] };
  };
  /** Bytes of the messages with \Deleted (DELETED-STORAGE, RFC 9208 §4.1.4), O(messages) and in turns; 0 where there is no mailbox. */
  "mailbox.deletedBytes": { request: OfAccount & { readonly name: MailboxName }; reply: { readonly bytes: number } };
  /** `session` names the asker, so that its views end with it. */
  "mailbox.open": {
    request: OfAccount & {
      readonly name: MailboxName;
      readonly readOnly: boolean;
      readonly since: ResyncFrom | null;
      /** News tell of entries that others changed (RFC 5257 §4.2). */
      readonly annotate?: boolean;
    };
    reply: ViewOpened;
  };
  /** Ends a view, or a watch. */
  "mailbox.close": { request: OfView; reply: null };
  /** Begins to watch mailboxes (RFC 5465), but for those that the session has open. `status`: their state is wanted now. */
  "mailbox.watch": {
    request: OfAccount & { readonly groups: readonly WatchGroup[]; readonly status: boolean };
    reply: WatchOpened;
  };
  /** What happened since it was asked last. Failure `not_found` when the watch is over. */
  "mailbox.tidings": { request: OfAccount & { readonly watch: number }; reply: Tidings };
  /** `expunges`: whether messages may leave the view now (RFC 9051 §7.5.1 says when not). */
  "mailbox.news": { request: OfView & { readonly expunges: boolean }; reply: ViewNews };
  /**
   * Rows of a set in rising order from `after` on (a UID; 0 for the first), as many as fit; `next` is the `after` of the rest or
   * null. `changedSince`: only rows with a higher MODSEQ. `vanished`: UIDs of the set that are gone since `changedSince`.
   */
  "mailbox.rows": {
    request: OfView & {
      readonly set: MessageSet;
      readonly after: number;
      readonly index: boolean;
      readonly changedSince: number | null;
      readonly vanished: boolean;
      /** So many bytes of the beginning of each message are wanted with its row: what would be read next anyway. */
      readonly headBytes?: number;
      /** Annotations are wanted with the rows (RFC 5257). */
      readonly annotations?: boolean;
    };
    reply: {
      readonly rows: readonly ViewRow[];
      readonly next: Uid | null;
      readonly vanished: readonly number[];
      /** Sequence numbers of the set name messages that are gone, and the view was not told (RFC 2180 §4.1). */
      readonly missing: boolean;
    };
  };
  /** The same for many rows at a time, and with what a FETCH tells of them (RFC 9051 §6.4.5). */
  "mailbox.page": {
    request: OfView & {
      readonly set: MessageSet;
      readonly after: number;
      readonly changedSince: number | null;
      readonly vanished: boolean;
      readonly index: IndexWanted;
      /** So many bytes of the beginning of each message are wanted; 0: none. */
      readonly headBytes: number;
      /** Annotations are wanted with the rows (RFC 5257). */
      readonly annotations?: boolean;
    };
    reply: RowPage;
  };
  /**
   * UIDs that part the messages of the view into batches of `size`, counted from the newest (RFC 10022): of the batches `first` to
   * `last`, as far as there are any, the highest and the lowest UID, flat. Each begins where the one before ends; the last ends at 1.
   */
  "mailbox.batches": {
    request: OfView & { readonly size: number; readonly first: number; readonly last: number };
    reply: { readonly ranges: readonly number[] };
  };
  /** Bytes [offset, offset + length) of a message of the view; also of one that another session expunged a moment ago. */
  "mailbox.read": {
    request: OfView & { readonly uid: Uid; readonly offset: number; readonly length: number };
    reply: { readonly bytes: Uint8Array; readonly size: number };
  };
  /**
   * STORE. `unchangedSince`: messages with a higher MODSEQ are left alone and named in `modified` (RFC 7162 §3.1.3), by UIDs.
   * `rows` are the messages as they are now (at most what `mailbox.rows` answers; the rest by `next`), the view knows of them.
   */
  "mailbox.store": {
    request: OfView & MessageFlags & {
      readonly set: MessageSet;
      readonly how: "add" | "remove" | "replace";
      readonly unchangedSince: number | null;
    };
    reply: {
      readonly type: "stored" | "limit";
      readonly rows: readonly ViewRow[];
      readonly next: Uid | null;
      readonly modified: readonly { readonly sequence: number; readonly uid: Uid }[];
      readonly highestModSeq: ModSeq;
      /** Some of the set was gone already. */
      readonly missing: boolean;
    };
  };
  /** STORE of annotations (RFC 5257 §4.5): rows and `modified` as `mailbox.store` has them. */
  "mailbox.annotate": {
    request: OfView & {
      readonly set: MessageSet;
      readonly changes: readonly MessageAnnotationChange[];
      readonly unchangedSince: number | null;
    };
    reply: {
      /** `limit`: too many of one message or of the account; `noPrivate`: those of others' mailboxes are not kept. */
      readonly type: "stored" | "limit" | "noPrivate";
      readonly rows: readonly ViewRow[];
      readonly next: Uid | null;
      readonly modified: readonly { readonly sequence: number; readonly uid: Uid }[];
      readonly highestModSeq: ModSeq;
      readonly missing: boolean;
    };
  };
  /** Removes what has \Deleted, of the UIDs in `set` when it is given. Told by `mailbox.news`. */
  "mailbox.expungeDeleted": {
    request: OfView & { readonly set: MessageSet | null };
    reply: { readonly highestModSeq: ModSeq };
  };
  /** All or nothing (RFC 9051 §6.4.7). With `move` the originals go, in the same change (RFC 6851). */
  "mailbox.copy": {
    request: OfView & {
      readonly set: MessageSet;
      readonly to: MailboxName;
      readonly move: boolean;
      /** Of more nothing is copied; absent: as many as the owner lets. */
      readonly messagesMax?: number;
    };
    reply: CopyOutcome;
  };
  /** All or nothing (RFC 3502). */
  "mailbox.append": {
    request: OfAccount & Quota & {
      /** Asked twice, it is stored once. */
      readonly opId: string;
      readonly name: MailboxName;
      readonly messages: readonly AppendedMessage[];
      /** A message of a view that goes in the same change (RFC 8508). */
      readonly replaces?: { readonly view: number; readonly uid: Uid };
    };
    reply: AppendOutcome;
  };
  /** Messages that fit, by rising sequence numbers; `save` keeps them for "$". In time slices; `progress` is not needed. */
  "mailbox.search": {
    request: OfView & {
      readonly program: SearchProgram;
      readonly save: "none" | "all" | "min" | "max" | "minMax";
      /** Highest MODSEQ among the results is wanted (RFC 7162 §3.1.5). */
      readonly modSeq: boolean;
      /** How well each fits is wanted (RFC 6203 §4). */
      readonly relevancy?: boolean;
      /**
       * What changes in the results is told by news from now on (RFC 5267 §4.3), by UIDs or numbers, under a tag that no other such
       * search of the view has. `sorted`: only once `mailbox.keepOrder` has said in which order.
       */
      readonly update?: { readonly tag: string; readonly uid: boolean; readonly sorted: boolean };
    };
    reply: {
      /** Sequence numbers and UIDs as pairs of first and last: where both run on together they share a range. */
      readonly found: readonly { readonly sequence: number; readonly uid: Uid; readonly count: number }[];
      readonly modSeq: ModSeq | null;
      /** When it was wanted: a byte for each message, from 1 to 100; of a program that asks for no words all are 100. */
      readonly relevancy?: Uint8Array;
      /** Whether changes will be told; false when too much is kept for the view, its account or the worker already. */
      readonly updating?: boolean;
    };
  };
  /** The order in which a client was told the results of a search; answers whether it is kept, and changes told by their places. */
  "mailbox.keepOrder": {
    request: OfView & {
      readonly tag: string;
      readonly keys: readonly OrderKey[];
      /** UIDs in order, of 32 bits each, in the byte order of the machine. */
      readonly uids: Uint8Array;
    };
    reply: { readonly updating: boolean };
  };
  /** Changes in the results of these searches are not told any more (RFC 5267 §4.3.5). */
  "mailbox.cancelUpdates": { request: OfView & { readonly tags: readonly string[] }; reply: null };
  /** GETACL, LISTRIGHTS (RFC 4314 §3.3, §3.4): for those who administer the mailbox. */
  "mailbox.acl": { request: OfAccount & { readonly name: MailboxName }; reply: AclListed };
  /** SETACL, DELETEACL (RFC 4314 §3.1, §3.2): an entry without rights is none. */
  "mailbox.setAcl": {
    request: OfAccount & {
      readonly name: MailboxName;
      /** An address, or "anyone"; behind "-" for a negative entry. */
      readonly identifier: string;
      readonly how: "add" | "remove" | "replace";
      readonly rights: Rights;
      /** The asker's own address. */
      readonly address: string;
      /** Whom the identifier names; null: nobody of the domain, or everybody. */
      readonly grantee: Grantee | null;
    };
    reply: AclSet;
  };
  /** Annotations of each name in the order asked, of the account itself for "" (GETMETADATA, RFC 5464 §4.2). Entries in lower case. */
  "mailbox.metadata": {
    request: OfAccount & {
      readonly names: readonly (MailboxName | "")[];
      readonly entries: readonly string[];
      readonly depth: "0" | "1" | "infinity";
    };
    reply: { readonly found: readonly Annotations[] };
  };
  /** All or none (SETMETADATA, RFC 5464 §4.3); null removes. Entries in lower case. */
  "mailbox.setMetadata": {
    request: OfAccount & {
      readonly name: MailboxName | "";
      readonly values: readonly { readonly entry: string; readonly value: Uint8Array | null }[];
    };
    reply: AnnotationsSet;
  };
  /** A message of a mailbox that need not be open (CATENATE, RFC 4469 §3). */
  "mailbox.readNamed": { request: OfAccount & ExcerptWanted; reply: Excerpt };
  /**
   * The same by a token (URLFETCH, RFC 4467 §7), as far as the URL's owner may read the message now. Whatever is wrong, the answer
   * is `missing`, and takes as long.
   */
  "mailbox.readAuthorized": {
    request: OfAccount & ExcerptWanted & {
      /** The URL's owner as it names them, and who that is; null: nobody. */
      readonly user: string;
      readonly owner: AccountId | null;
      /** What the token vouches for. */
      readonly rump: string;
      /** In hexadecimal digits. */
      readonly token: string;
      /** ms since 1970 UTC; null: never. */
      readonly expiresMs: number | null;
    };
    reply: Excerpt;
  };
  /** A token by which others may use a URL (GENURLAUTH, RFC 4467 §7); makes the account's key for the mailbox first, if need be. */
  "mailbox.urlToken": {
    request: OfAccount & { readonly name: MailboxName; readonly uidValidity: number | null; readonly rump: string };
    reply: { readonly type: "made"; readonly token: string } | { readonly type: "missing" } | {
      readonly type: "limit";
    };
  };
  /** The account's key for a mailbox is made anew, without a name all its keys go: URLs made by them are worth nothing (RFC 4467 §7). */
  "mailbox.resetKey": {
    request: OfAccount & { readonly name: MailboxName | null };
    reply: { readonly type: "done" } | { readonly type: "missing" } | { readonly type: "limit" };
  };
}

export type MailboxAskName = keyof MailboxAsks;
