import type { FailureKind } from "../base/failure.ts";
import type { AccountId } from "./account.ts";
import type {
  AclListed,
  AclSet,
  Annotations,
  AnnotationsSet,
  Grantee,
  MailboxEntry,
  TreeOutcome,
} from "./mailbox_entry.ts";
import type { MailboxName, SpecialUse } from "./mailbox_name.ts";
import type {
  AppendedMessage,
  AppendOutcome,
  CopyOutcome,
  Excerpt,
  ExcerptWanted,
  FlagRow,
  IndexWanted,
  MessageSet,
  OrderKey,
  ResyncFrom,
  RowPage,
  ViewNews,
  ViewOpened,
  ViewRow,
} from "./mailbox_view.ts";
import type { MessageAnnotationChange } from "./message_annotation.ts";
import type { Quota } from "./quota.ts";
import type { Rights } from "./rights.ts";
import type { RowForm } from "./row_columns.ts";
import type { SearchProgram } from "./search_program.ts";
import type { StoreAnswer, StoreDone, StoresAlike, StoreWish } from "./store_wish.ts";
import type { ModSeq, Uid } from "./uid.ts";
import type { Tidings, WatchGroup, WatchOpened } from "./watch.ts";

/*
 * What a session that shows mailboxes (IMAP, later JMAP) asks of their owner. A session holds no copy of a mailbox's index:
 * the owner keeps a *view* for it, which remembers what the session has been told, and counts message sequence numbers by it.
 *
 * Names are as the account that asks sees them: `Other Users/<address>/<mailbox>` is a mailbox that another account of the domain
 * shares (RFC 2342 §5). What it may do there is looked up whenever it asks for something. Where a right is wanting the answer is a
 * Failure `refused`; to whoever may not even look a mailbox up it is the same as if there were none (RFC 4314 §6, ATTACKS I20).
 */

/** APPENDs in one `mailbox.appendEach`. */
export const APPENDS_MAX = 100;

/** Messages that come into a mailbox together, or none of them. */
export interface AppendWish {
  readonly name: MailboxName;
  readonly messages: readonly AppendedMessage[];
}

/** What became of one among others. */
export type AppendAnswer = AppendOutcome | { readonly type: "failed"; readonly kind: FailureKind };

/** What `mailbox.news` would answer of a view is wanted along with an answer, where that takes no time. */
export interface NewsOfView extends NewsWanted {
  readonly view: number;
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

/** `expunges`: whether messages may leave the view now (RFC 9051 §7.5.1 says when not). */
export interface NewsWanted {
  readonly expunges: boolean;
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
  "mailbox.news": { request: OfView & NewsWanted; reply: ViewNews };
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
      /** Of these the header alone is wanted, if all of it is among them. */
      readonly header?: boolean;
      /** Which columns are wanted; absent: all. Fewer go alone, without what lies behind the rows. */
      readonly form?: RowForm;
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
  /** The lowest of the last `count` messages that fit; null when there are no more than so many (RFC 9738 §3.1). */
  "mailbox.lastOf": {
    request: OfView & {
      readonly program: SearchProgram;
      readonly count: number;
      /** Of those with a higher MODSEQ. */
      readonly changedSince?: number;
    };
    reply: { readonly lowest: { readonly sequence: number; readonly uid: Uid } | null };
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
    request: OfView & StoreWish & {
      /** What `mailbox.news` would answer is wanted along with it, where that takes no time. */
      readonly news?: NewsWanted;
    };
    reply: StoreDone & {
      /** Absent: there is none, or it has to be asked for. */
      readonly news?: ViewNews;
    };
  };
  /**
   * At most STORES_MAX STOREs that do not hang on each other, in their order: each has an answer of its own, and what one meets keeps
   * no other. All of them become durable together, as far as they can.
   */
  "mailbox.storeEach": {
    request: OfView & { readonly stores: readonly StoresAlike[]; readonly news?: NewsWanted };
    /** `news`: behind all of them. */
    reply: { readonly answers: readonly StoreAnswer[]; readonly news?: ViewNews };
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
      readonly rows: readonly FlagRow[];
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
    request: OfAccount & Quota & AppendWish & {
      /** Asked twice under it, it is stored once. */
      readonly opId?: string;
      /** A message of a view that goes in the same change (RFC 8508). */
      readonly replaces?: { readonly view: number; readonly uid: Uid };
      readonly news?: NewsOfView;
    };
    reply: AppendOutcome;
  };
  /**
   * Several APPENDs into mailboxes of the account itself, in their order: each has an answer of its own, and what one meets keeps no
   * other. All of them become durable together, as far as they can.
   */
  "mailbox.appendEach": {
    request: OfAccount & Quota & {
      readonly appends: readonly AppendWish[];
      readonly news?: NewsOfView;
    };
    /** `news`: behind all of them. */
    reply: { readonly answers: readonly AppendAnswer[]; readonly news?: ViewNews };
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
