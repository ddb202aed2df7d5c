import type { AccountId } from "../mail/account.ts";
import type { DomainName } from "../mail/domain.ts";
import type { ActorAddress } from "../runtime/types.ts";
import type { DirectoryListProtocol, MailingList } from "./mailing_list.ts";

/** A domain that mail is taken for. */
export interface DomainRecord {
  readonly name: DomainName;
  /** Disabled domains answer 450 4.2.1 at RCPT and refuse logins. */
  readonly disabled: boolean;
  /** Address that takes mail for unknown local parts, as `local@domain`; null: unknown users are refused. */
  readonly catchAll: string | null;
  /** This domain is another name of that one: `x@this` is `x@target`. */
  readonly aliasOf: DomainName | null;
  /** Separates the detail of `user+detail`; null switches details off. */
  readonly detailSeparator: string | null;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A person's account, without credentials. */
export interface AccountRecord {
  readonly id: AccountId;
  /** Canonical `local@domain`: local part lower-cased by NFC and Unicode simple folding, domain as A-labels. */
  readonly address: string;
  readonly disabled: boolean;
  /** Bytes; 0 means no limit. */
  readonly quotaBytes: number;
  readonly createdAt: string;
}

/** One address that stands for others. */
export interface AliasRecord {
  readonly address: string;
  readonly targets: readonly string[];
  readonly createdAt: string;
}

/** Everything the routing actors need to know; no secrets. */
export interface DirectorySnapshot {
  /** Rises by one with every change. */
  readonly version: number;
  readonly domains: readonly DomainRecord[];
  readonly accounts: readonly AccountRecord[];
  readonly aliases: readonly AliasRecord[];
  /** Without their members. */
  readonly lists: readonly MailingList[];
}

/** One change to the directory: the new record, or the key of what is gone. */
export type DirectoryChange =
  | { readonly kind: "domain"; readonly key: string; readonly record: DomainRecord | null }
  | { readonly kind: "account"; readonly key: string; readonly record: AccountRecord | null }
  | { readonly kind: "alias"; readonly key: string; readonly record: AliasRecord | null }
  | { readonly kind: "list"; readonly key: string; readonly record: MailingList | null };

/** One page of a list, in order of name. */
export interface ListRequest {
  /** Only what is in this domain; null: all. Ignored for domains. */
  readonly domain: string | null;
  /** Name after which to begin, as `next` gave it; null: from the start. */
  readonly after: string | null;
  /** At most 10,000. */
  readonly limit: number;
}

/** `next` is the cursor for what follows; null when this was the last page. */
export interface ListReply<T> {
  readonly records: readonly T[];
  readonly next: string | null;
}

/** Sizes of the directory. */
export interface DirectoryStatus {
  readonly version: number;
  readonly domains: number;
  readonly accounts: number;
  readonly aliases: number;
  readonly lists: number;
  readonly subscribers: number;
}

export type AuthenticateReply =
  | { readonly type: "accepted"; readonly account: AccountRecord }
  /** Unknown user, wrong password, disabled: one answer for all, after the same time. */
  | { readonly type: "refused" }
  /** Too many checks in flight: try again later. */
  | { readonly type: "busy" };

/** As `AuthenticateReply`, with SCRAM's ServerSignature. */
export type ScramReply =
  | { readonly type: "accepted"; readonly account: AccountRecord; readonly signature: Uint8Array }
  | Exclude<AuthenticateReply, { type: "accepted" }>;

/** What an app password may be used for: submission, or reading by one protocol. */
export type AppScope = "smtp" | "pop3" | "imap";

/** A password that the server made for one program: limited, and taken away alone. */
export interface AppPasswordRecord {
  readonly id: string;
  /** What its user calls it. */
  readonly label: string;
  readonly scopes: readonly AppScope[];
  /** RFC 3339, like the other two. */
  readonly createdAt: string;
  /** From then on it is refused; null: never. */
  readonly expiresAt: string | null;
  /** To the hour; null: never used. */
  readonly lastUsedAt: string | null;
}

/** What every change may ask for besides. */
interface Change {
  /** Answers as if, and changes nothing. */
  readonly dryRun?: boolean;
}

/** What the directory actor understands. Admin errors are Failures of kind exists, not_found or invalid. */
export interface DirectoryProtocol extends DirectoryListProtocol {
  "directory.subscribe": { request: { readonly subscriber: ActorAddress }; reply: DirectorySnapshot };
  "directory.authenticate": {
    request: { readonly user: string; readonly secret: string; readonly service: string; readonly remote: string };
    reply: AuthenticateReply;
  };
  /** How a password is salted, for SCRAM (RFC 5802 §5.1): an answer for every name, known or not. */
  "directory.scramStart": {
    request: { readonly user: string; readonly hash: "SHA-1" | "SHA-256" };
    reply: { readonly salt: Uint8Array; readonly iterations: number };
  };
  /** Checks ClientProof over AuthMessage. Counts as a login, good or bad. */
  "directory.scramProof": {
    request: {
      readonly user: string;
      readonly hash: "SHA-1" | "SHA-256";
      readonly authMessage: string;
      readonly proof: Uint8Array;
      readonly service: string;
      readonly remote: string;
    };
    reply: ScramReply;
  };
  /** Whose token of a configured issuer it is; `user` is who the client says it is. Counts as a login, good or bad. */
  "directory.bearer": {
    request: {
      readonly user: string | null;
      readonly token: string;
      readonly service: string;
      readonly remote: string;
    };
    reply: AuthenticateReply;
  };
  "directory.snapshot": { request: null; reply: DirectorySnapshot };
  "directory.status": { request: null; reply: DirectoryStatus };
  "directory.domainList": { request: ListRequest; reply: ListReply<DomainRecord> };
  "directory.accountList": { request: ListRequest; reply: ListReply<AccountRecord> };
  "directory.aliasList": { request: ListRequest; reply: ListReply<AliasRecord> };
  "directory.accountGet": { request: { readonly address: string }; reply: AccountRecord };
  "directory.domainAdd": {
    request: Change & { readonly name: string; readonly aliasOf?: string; readonly catchAll?: string };
    reply: DomainRecord;
  };
  "directory.domainUpdate": {
    request: Change & { readonly name: string; readonly disabled?: boolean; readonly catchAll?: string | null };
    reply: DomainRecord;
  };
  "directory.domainRemove": { request: Change & { readonly name: string }; reply: null };
  "directory.accountAdd": {
    request: Change & { readonly address: string; readonly password: string; readonly quotaBytes?: number };
    reply: AccountRecord;
  };
  "directory.accountUpdate": {
    request: Change & {
      readonly address: string;
      readonly password?: string;
      readonly quotaBytes?: number;
      readonly disabled?: boolean;
    };
    reply: AccountRecord;
  };
  "directory.accountRemove": { request: Change & { readonly address: string }; reply: AccountRecord };
  /** The reply alone holds the password: it is kept as a hash. */
  "directory.appPasswordAdd": {
    request: Change & {
      readonly address: string;
      readonly label: string;
      readonly scopes: readonly AppScope[];
      readonly expiresAt?: string;
    };
    reply: AppPasswordRecord & { readonly password: string };
  };
  "directory.appPasswordList": {
    request: { readonly address: string };
    reply: ListReply<AppPasswordRecord>;
  };
  "directory.appPasswordRemove": {
    request: Change & { readonly address: string; readonly id: string };
    reply: AppPasswordRecord;
  };
  "directory.aliasAdd": {
    request: Change & { readonly address: string; readonly targets: readonly string[] };
    reply: AliasRecord;
  };
  "directory.aliasRemove": { request: Change & { readonly address: string }; reply: null };
  /** Sent by the actor to itself: tells subscribers that missed a change that there was one. */
  "directory.remind": { request: null; reply: void };
}
