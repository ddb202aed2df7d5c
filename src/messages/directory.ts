import type { AccountId } from "../mail/account.ts";
import type { DomainName } from "../mail/domain.ts";
import type { Quota } from "../mail/quota.ts";
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
  /** Selectors of the keys that sign its mail (DKIM); absent: none does. */
  readonly dkim?: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A person's account, without credentials. */
export interface AccountRecord extends Quota {
  readonly id: AccountId;
  /** Canonical `local@domain`: local part lower-cased by NFC and Unicode simple folding, domain as A-labels. */
  readonly address: string;
  readonly disabled: boolean;
  readonly createdAt: string;
}

/** One address that stands for others. */
export interface AliasRecord {
  readonly address: string;
  readonly targets: readonly string[];
  readonly createdAt: string;
}

/** A network that may not connect. */
export interface BanRecord {
  /** Canonical `address/bits`. */
  readonly network: string;
  /** RFC 3339: from then on it may again; null: never. */
  readonly until: string | null;
  /** What an operator wrote, or why it was made. */
  readonly reason: string;
  /** `login`: made for failed logins. */
  readonly by: "operator" | "login";
  readonly createdAt: string;
}

/** Everything the routing actors need to know; no secrets. */
export interface DirectorySnapshot {
  /** Rises by one with every change. */
  readonly version: number;
  readonly domains: readonly DomainRecord[];
  readonly accounts: readonly AccountRecord[];
  readonly aliases: readonly AliasRecord[];
  readonly bans: readonly BanRecord[];
  /** Without their members. */
  readonly lists: readonly MailingList[];
}

/** One change to the directory: the new record, or the key of what is gone. */
export type DirectoryChange =
  | { readonly kind: "domain"; readonly key: string; readonly record: DomainRecord | null }
  | { readonly kind: "account"; readonly key: string; readonly record: AccountRecord | null }
  | { readonly kind: "alias"; readonly key: string; readonly record: AliasRecord | null }
  | { readonly kind: "ban"; readonly key: string; readonly record: BanRecord | null }
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
  readonly bans: number;
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

/**
 * A key that signs mail of a domain, without its secret. `next`: to be published; `active`: signs; `retired`: signs no more, but
 * mail on its way is still verified by it.
 */
export interface DkimKeyRecord {
  readonly domain: DomainName;
  readonly selector: string;
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
  readonly state: "next" | "active" | "retired";
  /** p= of its record in the DNS. */
  readonly publicKey: string;
  /** The TXT record by which others verify: its name, and its text, uncut. */
  readonly record: { readonly name: string; readonly text: string };
  /** RFC 3339, like the other. */
  readonly createdAt: string;
  /** Since when it has its state. */
  readonly since: string;
}

/** A key to sign with. */
export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  /** PKCS #8 in PEM: Ed25519, or RSA of 2,048 to 4,096 bits. */
  readonly pem: string;
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
  /** Whose account the certificate is made out to, its addresses vouched for by an authority. Counts as a login. */
  "directory.certified": {
    request: {
      readonly user: string | null;
      readonly addresses: readonly string[];
      readonly service: string;
      readonly remote: string;
    };
    reply: AuthenticateReply;
  };
  "directory.snapshot": { request: null; reply: DirectorySnapshot };
  "directory.status": { request: null; reply: DirectoryStatus };
  /** Answered when every routing actor has all that was changed before, or does not answer for a second. */
  "directory.settled": { request: null; reply: void };
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
    request: Change & Partial<Quota> & { readonly address: string; readonly password: string };
    reply: AccountRecord;
  };
  "directory.accountUpdate": {
    request: Change & Partial<Quota> & {
      readonly address: string;
      readonly password?: string;
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
  /** Bans an address or a network, or changes its ban. */
  "directory.banAdd": {
    request: Change & {
      readonly network: string;
      /** How long, in ms; null: for good. */
      readonly forMs: number | null;
      readonly reason: string;
    };
    reply: BanRecord;
  };
  "directory.banRemove": { request: Change & { readonly network: string }; reply: BanRecord };
  /** Bans that hold; `domain` is ignored. */
  "directory.banList": { request: ListRequest; reply: ListReply<BanRecord> };
  /** Makes the pair of keys that is to sign next, RSA and Ed25519; answers it, or nothing on a dry run. `exists`: there is one. */
  "directory.dkimRotate": {
    request: Change & { readonly domain: string };
    reply: ListReply<DkimKeyRecord>;
  };
  /** The next keys sign from now on, those that did are retired. Answers all keys of the domain. */
  "directory.dkimActivate": {
    request: Change & { readonly domain: string };
    reply: ListReply<DkimKeyRecord>;
  };
  /** Keys of a domain, or of all. */
  "directory.dkimList": { request: ListRequest; reply: ListReply<DkimKeyRecord> };
  /** A key that is removed signs no more, whatever its state. */
  "directory.dkimRemove": {
    request: Change & { readonly domain: string; readonly selector: string };
    reply: DkimKeyRecord;
  };
  /** The keys of these selectors that there are. Answered to the policy worker only: nobody else ever holds a secret key. */
  "directory.signingKeys": {
    request: { readonly domain: string; readonly selectors: readonly string[] };
    reply: { readonly keys: readonly SigningKey[] };
  };
  /** Sent by the actor to itself: tells subscribers that missed a change that there was one. */
  "directory.remind": { request: null; reply: void };
}
