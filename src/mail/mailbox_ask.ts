import type { AccountId } from "./account.ts";
import type { FlagBits } from "./flag.ts";
import type { MailboxName, SpecialUse } from "./mailbox_name.ts";
import type { MailboxStatus } from "./mailbox_state.ts";
import type { Rights } from "./rights.ts";
import type { SearchProgram } from "./search_program.ts";
import type { ModSeq, Uid, UidValidity } from "./uid.ts";

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
  /** Conversation (THREADID, RFC 8474 §5.2); "" when unknown. */
  readonly threadId: string;
  /** The MIME index made at delivery, when it was asked for; null when there is none. */
  readonly index?: Uint8Array | null;
  /** The first bytes of the message, when they were asked for: absent of one that is large, or cannot be read. */
  readonly head?: Uint8Array;
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
}

export type AppendOutcome =
  | { readonly type: "appended"; readonly uidValidity: UidValidity; readonly uids: readonly Uid[] }
  | { readonly type: "missing" }
  | { readonly type: "full" }
  | { readonly type: "limit" };

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
  | { readonly type: "limit" };

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

export type AnnotationsSet =
  | { readonly type: "done" }
  | { readonly type: "missing" }
  /** An entry that is the server's to set. */
  | { readonly type: "cannot" }
  /** Private annotations of mailboxes of others are not kept. */
  | { readonly type: "noPrivate" }
  | { readonly type: "tooMany" };

interface OfAccount {
  /** Who asks. */
  readonly account: AccountId;
}

interface OfView extends OfAccount {
  readonly view: number;
}

/** Every question by its name. A view that the owner does not know (any more) is a Failure `not_found`. */
export interface MailboxAsks {
  /** The account's mailboxes and subscriptions in the order of their names; makes the mailboxes of a new account first. */
  "mailbox.tree": {
    request: OfAccount & { readonly status: boolean };
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
    request: OfAccount & { readonly names: readonly MailboxName[] };
    reply: { readonly entries: readonly (MailboxEntry | null)[] };
  };
  /** `session` names the asker, so that its views end with it. */
  "mailbox.open": {
    request: OfAccount & {
      readonly name: MailboxName;
      readonly readOnly: boolean;
      readonly since: ResyncFrom | null;
    };
    reply: ViewOpened;
  };
  "mailbox.close": { request: OfView; reply: null };
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
    };
    reply: RowPage;
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
  /** Removes what has \Deleted, of the UIDs in `set` when it is given. Told by `mailbox.news`. */
  "mailbox.expungeDeleted": {
    request: OfView & { readonly set: MessageSet | null };
    reply: { readonly highestModSeq: ModSeq };
  };
  /** All or nothing (RFC 9051 §6.4.7). With `move` the originals go, in the same change (RFC 6851). */
  "mailbox.copy": {
    request: OfView & { readonly set: MessageSet; readonly to: MailboxName; readonly move: boolean };
    reply: CopyOutcome;
  };
  /** All or nothing (RFC 3502). */
  "mailbox.append": {
    request: OfAccount & {
      /** Asked twice, it is stored once. */
      readonly opId: string;
      readonly name: MailboxName;
      readonly quotaBytes: number;
      readonly messages: readonly AppendedMessage[];
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
    };
    reply: {
      /** Sequence numbers and UIDs as pairs of first and last: where both run on together they share a range. */
      readonly found: readonly { readonly sequence: number; readonly uid: Uid; readonly count: number }[];
      readonly modSeq: ModSeq | null;
    };
  };
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
}

export type MailboxAskName = keyof MailboxAsks;
