import type { MessageFlags } from "../../../mail/mailbox_entry.ts";
import type { MessageSet, ResyncFrom } from "../../../mail/mailbox_view.ts";
import type { AnnotationRef, MessageAnnotationChange } from "../../../mail/message_annotation.ts";
import type { MailboxName, SpecialUse } from "../../../mail/mailbox_name.ts";
import type { FetchItem } from "./ast_fetch.ts";
import type { PartialRange, SearchCriteria, SearchReturn } from "./ast_search.ts";

/** A mailbox named in a command; null when no mailbox can be called so: the command is answered NO, not BAD. */
export type MailboxArgument = MailboxName | null;

/** Every command the server knows, by its verb. `uid`: sent behind "UID", so that numbers are UIDs. */
export type ImapCommand =
  | AnyStateCommand
  | NotAuthenticatedCommand
  | MailboxCommand
  | AppendCommand
  | ListCommand
  | SelectedCommand
  | SearchCommand
  | AccessCommand
  | NotifyCommand
  | UrlCommand;

export type ImapVerb = ImapCommand["verb"];
export type CommandOf<V extends ImapVerb> = Extract<ImapCommand, { readonly verb: V }>;

/** RFC 9051 §6.1; ID is RFC 2971, COMPRESS RFC 4978, UNAUTHENTICATE RFC 8437. */
export type AnyStateCommand =
  | { readonly verb: "CAPABILITY" | "NOOP" | "LOGOUT" | "UNAUTHENTICATE" }
  /** null: NIL. */
  | { readonly verb: "ID"; readonly fields: readonly (readonly [name: string, value: string | null])[] | null }
  /** In capitals. */
  | { readonly verb: "COMPRESS"; readonly algorithm: string };

/** RFC 9051 §6.2. */
export type NotAuthenticatedCommand =
  | { readonly verb: "STARTTLS" }
  /** `mechanism` in capitals; `initialResponse` in base64 as sent ("=" is the empty one), null when there is none. */
  | { readonly verb: "AUTHENTICATE"; readonly mechanism: string; readonly initialResponse: string | null }
  | { readonly verb: "LOGIN"; readonly user: string; readonly password: string };

/** A data item of STATUS (RFC 9051 §6.3.11, RFC 7162, RFC 7889, RFC 8474, RFC 9208). */
export type StatusItem =
  | "MESSAGES"
  | "RECENT"
  | "UIDNEXT"
  | "UIDVALIDITY"
  | "UNSEEN"
  | "DELETED"
  | "SIZE"
  | "HIGHESTMODSEQ"
  | "MAILBOXID"
  | "APPENDLIMIT"
  | "DELETED-STORAGE";

/** RFC 9051 §6.3, without APPEND and LIST. */
export type MailboxCommand =
  /** Capabilities in capitals. */
  | { readonly verb: "ENABLE"; readonly capabilities: readonly string[] }
  | { readonly verb: "NAMESPACE" | "IDLE" }
  | {
    readonly verb: "SELECT" | "EXAMINE";
    readonly mailbox: MailboxArgument;
    readonly condstore: boolean;
    /** RFC 5257 §4.2. */
    readonly annotate?: true;
    readonly qresync: ResyncFrom | null;
  }
  /** `specialUse`: USE of RFC 6154 §3; null stands for one that is not known. A separator at the end of the name is taken off. */
  | { readonly verb: "CREATE"; readonly mailbox: MailboxArgument; readonly specialUses: readonly (SpecialUse | null)[] }
  | { readonly verb: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE"; readonly mailbox: MailboxArgument }
  | { readonly verb: "RENAME"; readonly from: MailboxArgument; readonly to: MailboxArgument }
  | { readonly verb: "STATUS"; readonly mailbox: MailboxArgument; readonly items: readonly StatusItem[] };

/** One piece of a message: a literal whose bytes the framer handed on, or a piece of another message (CATENATE, RFC 4469). */
export type AppendPart =
  /** `binary`: literal8 (RFC 3516); `utf8`: within UTF8 (…) (RFC 6855 §4). */
  | { readonly type: "literal"; readonly bytes: number; readonly binary: boolean; readonly utf8: boolean }
  | { readonly type: "url"; readonly url: string };

/** One message of APPEND or REPLACE. */
export interface AppendMessage extends MessageFlags {
  /** null: now. */
  readonly internalDateMs: number | null;
  /** CATENATE: the message is made of its parts; else there is one literal. */
  readonly catenate: boolean;
  /** RFC 5257 §4.7. */
  readonly annotations?: readonly MessageAnnotationChange[];
  readonly parts: readonly AppendPart[];
}

/**
 * RFC 9051 §6.3.12, RFC 3502, RFC 8508. Parsed from the `literal` frame of a message, it holds what was announced so far, and the
 * last part of the last message is the literal to come; parsed from the `command` frame at the end it is the whole.
 */
export type AppendCommand =
  | { readonly verb: "APPEND"; readonly mailbox: MailboxArgument; readonly messages: readonly AppendMessage[] }
  /** `number`: of the message to be replaced; 0 is "*". */
  | {
    readonly verb: "REPLACE";
    readonly uid: boolean;
    readonly number: number;
    readonly mailbox: MailboxArgument;
    readonly messages: readonly AppendMessage[];
  };

/** What LIST is asked to select by (RFC 5258 §3.1, RFC 6154 §2). */
export interface ListSelection {
  readonly subscribed: boolean;
  readonly remote: boolean;
  readonly recursiveMatch: boolean;
  readonly specialUse: boolean;
}

/** What LIST is asked to tell (RFC 5258 §3.2, RFC 5819, RFC 6154, RFC 8440, RFC 9590). */
export interface ListReturn {
  readonly subscribed: boolean;
  readonly children: boolean;
  readonly specialUse: boolean;
  readonly myRights: boolean;
  /** Empty when not asked for. */
  readonly status: readonly StatusItem[];
  readonly metadata: readonly string[];
}

export type ListCommand =
  /** `reference` and `patterns` in Unicode, to be matched by `listMatcher`. `extended`: RFC 5258 syntax was used. */
  | {
    readonly verb: "LIST";
    readonly reference: string;
    readonly patterns: readonly string[];
    readonly selection: ListSelection;
    readonly returns: ListReturn;
    readonly extended: boolean;
  }
  /** RFC 3501 §6.3.9. */
  | { readonly verb: "LSUB"; readonly reference: string; readonly pattern: string };

/** RFC 9051 §6.4, without SEARCH. */
export type SelectedCommand =
  | { readonly verb: "CHECK" | "CLOSE" | "UNSELECT" }
  /** RFC 10022 §3.1. `size`: messages of a batch; `range`: the first and the last batch, counted from the newest; null: all. */
  | {
    readonly verb: "UIDBATCHES";
    readonly size: number;
    readonly range: { readonly first: number; readonly last: number } | null;
  }
  /** `set`: of UID EXPUNGE; null without UID. */
  | { readonly verb: "EXPUNGE"; readonly set: MessageSet | null }
  | {
    readonly verb: "FETCH";
    readonly uid: boolean;
    readonly set: MessageSet;
    /** Macros are expanded. */
    readonly items: readonly FetchItem[];
    /** RFC 7162 §3.1.4; null when not given. */
    readonly changedSince: number | null;
    /** RFC 7162 §3.2.6. */
    readonly vanished: boolean;
    readonly partial: PartialRange | null;
  }
  | {
    readonly verb: "STORE";
    readonly uid: boolean;
    readonly set: MessageSet;
    readonly how: "add" | "remove" | "replace";
    readonly silent: boolean;
    readonly flags: MessageFlags;
    /** RFC 5257 §4.5: these are stored, and no flags. */
    readonly annotations?: readonly MessageAnnotationChange[];
    /** RFC 7162 §3.1.3; null when not given. */
    readonly unchangedSince: number | null;
  }
  | {
    readonly verb: "COPY" | "MOVE";
    readonly uid: boolean;
    readonly set: MessageSet;
    readonly mailbox: MailboxArgument;
  };

export type SortKey =
  | "ARRIVAL"
  | "CC"
  | "DATE"
  | "FROM"
  | "SIZE"
  | "SUBJECT"
  | "TO"
  | "DISPLAYFROM"
  | "DISPLAYTO"
  | "RELEVANCY"
  /** RFC 5257 §4.9. */
  | "ANNOTATION";

export type SearchCommand =
  /** `returns`: null without RETURN (RFC 9051 §6.4.4, RFC 4731, 5182, 5267, 9394). */
  | {
    readonly verb: "SEARCH";
    readonly uid: boolean;
    readonly returns: SearchReturn | null;
    readonly criteria: SearchCriteria;
  }
  /** RFC 7377. `sources`: null is the selected mailbox. Results are UIDs. */
  | {
    readonly verb: "ESEARCH";
    readonly sources: readonly MailboxFilter[] | null;
    readonly returns: SearchReturn | null;
    readonly criteria: SearchCriteria;
  }
  /** RFC 5256, 5267, 5957. */
  | {
    readonly verb: "SORT";
    readonly uid: boolean;
    readonly returns: SearchReturn | null;
    /** `annotation`: of ANNOTATION. */
    readonly sortBy: readonly {
      readonly key: SortKey;
      readonly reverse: boolean;
      readonly annotation?: AnnotationRef;
    }[];
    readonly criteria: SearchCriteria;
  }
  /** RFC 5256. `algorithm` in capitals. */
  | {
    readonly verb: "THREAD";
    readonly uid: boolean;
    readonly algorithm: string;
    readonly criteria: SearchCriteria;
  }
  /** RFC 5267 §4.3.3. */
  | { readonly verb: "CANCELUPDATE"; readonly tags: readonly string[] };

/** ACL (RFC 4314), quota (RFC 9208), metadata (RFC 5464). */
export type AccessCommand =
  | { readonly verb: "GETQUOTA"; readonly root: string }
  | { readonly verb: "GETQUOTAROOT"; readonly mailbox: MailboxArgument }
  | {
    readonly verb: "SETQUOTA";
    readonly root: string;
    /** `resource` in capitals. */
    readonly limits: readonly { readonly resource: string; readonly limit: number }[];
  }
  | {
    readonly verb: "SETACL";
    readonly mailbox: MailboxArgument;
    readonly identifier: string;
    readonly how: "add" | "remove" | "replace";
    /** Letters and digits, as sent. */
    readonly rights: string;
  }
  | {
    readonly verb: "DELETEACL" | "LISTRIGHTS";
    readonly mailbox: MailboxArgument;
    readonly identifier: string;
  }
  | { readonly verb: "GETACL" | "MYRIGHTS"; readonly mailbox: MailboxArgument }
  | {
    readonly verb: "GETMETADATA";
    /** "": of the server. */
    readonly mailbox: MailboxArgument | "";
    /** As sent; compared without case. */
    readonly entries: readonly string[];
    /** Bytes; null: no limit. */
    readonly maxSizeBytes: number | null;
    readonly depth: "0" | "1" | "infinity";
  }
  | {
    readonly verb: "SETMETADATA";
    readonly mailbox: MailboxArgument | "";
    /** null removes an entry. */
    readonly values: readonly { readonly entry: string; readonly value: Uint8Array | null }[];
  };

/** Which mailboxes are meant (RFC 5465 §6, RFC 7377 §2.2). Names that cannot be are left out. */
export type MailboxFilter =
  | { readonly filter: "selected" | "selected-delayed" | "inboxes" | "personal" | "subscribed" }
  | { readonly filter: "subtree" | "subtree-one" | "mailboxes"; readonly mailboxes: readonly MailboxName[] };

/** An event of NOTIFY (RFC 5465 §5). */
export type NotifyEvent =
  /** `items`: to be fetched of new messages, for selected mailboxes. */
  | { readonly event: "MessageNew"; readonly items: readonly FetchItem[] }
  | {
    readonly event:
      | "MessageExpunge"
      | "FlagChange"
      | "AnnotationChange"
      | "MailboxName"
      | "SubscriptionChange"
      | "MailboxMetadataChange"
      | "ServerMetadataChange";
  }
  /** As sent: answered by BADEVENT. */
  | { readonly event: "unknown"; readonly name: string };

export type NotifyCommand = {
  readonly verb: "NOTIFY";
  /** null: NOTIFY NONE. */
  readonly groups: readonly { readonly mailboxes: MailboxFilter; readonly events: readonly NotifyEvent[] }[] | null;
  /** The state of the mailboxes is to be told first. */
  readonly status: boolean;
};

/** URLAUTH (RFC 4467). Mechanisms in capitals. */
export type UrlCommand =
  | { readonly verb: "GENURLAUTH"; readonly urls: readonly { readonly url: string; readonly mechanism: string }[] }
  | { readonly verb: "URLFETCH"; readonly urls: readonly string[] }
  /** `mailbox`: undefined for all mailboxes. */
  | { readonly verb: "RESETKEY"; readonly mailbox?: MailboxArgument; readonly mechanisms: readonly string[] };
