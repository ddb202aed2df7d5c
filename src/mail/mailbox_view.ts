import type { MessageFlags } from "./mailbox_entry.ts";
import type { MailboxName } from "./mailbox_name.ts";
import type { MailboxStatus } from "./mailbox_state.ts";
import type { MessageAnnotation } from "./message_annotation.ts";
import type { Ranges } from "./ranges.ts";
import type { Rights } from "./rights.ts";
import type { ModSeq, Uid, UidValidity } from "./uid.ts";

/**
 * Messages named in a command: pairs of first and last, flat, each at least 1; 0 stands for "*" (RFC 9051 §9 sequence-set).
 * Order within a pair does not matter. `saved` is "$", the result of the last SEARCH with SAVE (RFC 5182).
 */
export type MessageSet =
  | { readonly by: "sequence" | "uid"; readonly pairs: readonly number[] }
  /** `from`: those with a lower UID do not count. */
  | { readonly by: "saved"; readonly from?: number };

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
  readonly changed: readonly FlagRow[];
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
  /** Annotations of more messages changed than are told: of some of the changed it is not said which. */
  readonly annotatedMore?: boolean;
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

/** The flags of a message, as a view shows it. */
export interface FlagRow extends MessageFlags {
  readonly sequence: number;
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  /** No other session was told of it before. */
  readonly recent: boolean;
  /** In news: entries that others changed, when that was asked for. */
  readonly annotated?: readonly string[];
}

/** One message as a view shows it. */
export interface ViewRow extends FlagRow {
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
}

/**
 * What of the MIME indexes made at delivery is wanted: nothing, all, or one of the texts in them; `lacking`: all of those messages whose
 * first bytes were wanted, and are missing; `listed`: what lists of messages show, the envelope and the body structure.
 */
export type IndexWanted = "none" | "all" | "lacking" | "listed" | "envelope" | "body" | "bodyStructure";

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
  /**
   * The same of the body structures, where `listed` was wanted and both texts lie beside the rows: `index` is of the envelopes then. If
   * absent, it is of whole indexes.
   */
  readonly structure?: Uint8Array;
  readonly structureBytes?: Uint8Array;
  /**
   * Places in `headBytes` of the first bytes of each message; missing of one that is large, or cannot be read, or
   * has a longer header if that was wanted. Null: none were wanted.
   */
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
  | {
    readonly type: "appended";
    readonly uidValidity: UidValidity;
    readonly uids: readonly Uid[];
    readonly news?: ViewNews;
  }
  | { readonly type: "missing" }
  | { readonly type: "full" }
  /** Too many keywords or annotations in the mailbox, or no UIDs left. */
  | { readonly type: "limit" }
  /** The message that was to be replaced is not there: nothing was stored. */
  | { readonly type: "gone" };

export type CopyOutcome =
  | {
    readonly type: "copied";
    /** Of the target. */
    readonly uidValidity: UidValidity;
    /** UIDs in the source and in the target, as many in both: one for one. */
    readonly from: Ranges;
    readonly to: Ranges;
  }
  | { readonly type: "missing" }
  | { readonly type: "full" }
  /** Too many keywords or annotations in the target, or no UIDs left. */
  | { readonly type: "limit" }
  /** The set has more messages than one copy may have, or than were asked for. */
  | { readonly type: "tooMany"; readonly messagesMax: number };

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
