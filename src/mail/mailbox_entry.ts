import type { AccountId } from "./account.ts";
import type { FlagBits } from "./flag.ts";
import type { MailboxName, SpecialUse } from "./mailbox_name.ts";
import type { MailboxStatus } from "./mailbox_state.ts";
import type { Rights } from "./rights.ts";

/** Flags of a message: system flags as bits, keywords by name (as they were first spelt; compared without case). */
export interface MessageFlags {
  readonly flags: FlagBits;
  readonly keywords: readonly string[];
}

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
