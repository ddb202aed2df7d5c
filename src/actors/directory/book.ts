import { Failure } from "../../base/mod.ts";
import type { ScramHash } from "../../protocol/sasl/mod.ts";
import type { AccountId } from "../../mail/mod.ts";
import type {
  AccountRecord,
  AliasRecord,
  BanRecord,
  DirectoryChange,
  DirectorySnapshot,
  DirectoryStatus,
  DomainRecord,
  MailingList,
} from "../../messages/mod.ts";
import type { DirectoryRow, DirectoryStore, DirectoryWrite, KeyRange } from "../../storage/directory_store.ts";
import { appPasswordKey, appPasswordOf, type AppPasswordRow } from "./app_password_rows.ts";
import { dkimKeyName, dkimKeyOf, type DkimKeyRow, signingSelectors } from "./dkim_key_rows.ts";
import { decodeScramKeys, encodeScramKeys, type ScramKeys, type ScramKeySet } from "./scram_keys.ts";
import { SortedNames } from "./sorted_names.ts";

/** What a password is checked with. Accounts of older versions have no keys for SCRAM until their password is seen again. */
export interface Secrets {
  readonly hash: string;
  readonly scram: ScramKeySet | null;
}

/** A change to one account's password; null takes it away, and the app passwords with it. */
export interface CredentialChange {
  readonly account: AccountId;
  readonly secrets: Secrets | null;
}

/** A key for DKIM to put, or with `row` null to remove. */
export interface DkimKeyChange {
  readonly domain: string;
  readonly selector: string;
  readonly row: DkimKeyRow | null;
}

/** What is looked up on the disk. */
type LargeTable = "listMember" | "listSize";

/** The directory in memory, but for the passwords that people chose and the members of lists, in step with its store. */
export class DirectoryBook {
  #version = 0;
  #rehearsing = false;
  /** The disk may know more than we do: a commit failed, and reading it back did too. */
  #stale = false;
  readonly domains = new Map<string, DomainRecord>();
  readonly accounts = new Map<string, AccountRecord>();
  readonly aliases = new Map<string, AliasRecord>();
  readonly lists = new Map<string, MailingList>();
  readonly bans = new Map<string, BanRecord>();
  readonly #appPasswords = new Map<AccountId, readonly AppPasswordRow[]>();
  /** By domain, in order of selector. */
  readonly #dkimKeys = new Map<string, readonly DkimKeyRow[]>();
  readonly names = {
    domain: new SortedNames(),
    account: new SortedNames(),
    alias: new SortedNames(),
    ban: new SortedNames(),
    list: new SortedNames(),
  };

  constructor(private readonly store: DirectoryStore) {
    this.#load();
  }

  get version(): number {
    return this.#version;
  }

  snapshot(): DirectorySnapshot {
    return {
      version: this.#version,
      domains: [...this.domains.values()],
      accounts: [...this.accounts.values()],
      aliases: [...this.aliases.values()],
      bans: [...this.bans.values()],
      lists: [...this.lists.values()],
    };
  }

  counts(): Omit<DirectoryStatus, "subscribers"> {
    const { version, domains, accounts, aliases, bans, lists } = this;
    return {
      version,
      domains: domains.size,
      accounts: accounts.size,
      aliases: aliases.size,
      bans: bans.size,
      lists: lists.size,
    };
  }

  /** The account's password hash; null when it has none. */
  credential(account: AccountId): string | null {
    const hash = this.store.get("credential", account)?.["hash"];
    return typeof hash === "string" ? hash : null;
  }

  /** What proofs of the account's password are checked with; null while it has no such keys. */
  scramKeys(account: AccountId, hash: ScramHash): ScramKeys | null {
    return decodeScramKeys(this.store.get("credential", account)?.["scram"], hash);
  }

  /** The account's app passwords, oldest first. */
  appPasswords(account: AccountId): readonly AppPasswordRow[] {
    return this.#appPasswords.get(account) ?? [];
  }

  /** The domain's keys for DKIM with their secrets, in order of selector. */
  dkimKeys(domain: string): readonly DkimKeyRow[] {
    return this.#dkimKeys.get(domain) ?? [];
  }

  /** The domains that have keys, in order of name. */
  dkimDomains(): readonly string[] {
    return [...this.#dkimKeys.keys()].sort();
  }

  /** A secret of this server for that purpose: the one it has, or from now on `fresh`. */
  secret(purpose: string, fresh: string): string {
    const kept = this.store.get("secret", purpose)?.["value"];
    if (typeof kept === "string") return kept;
    this.#write([{ table: "secret", key: purpose, row: { value: fresh } }]);
    return fresh;
  }

  /** Rows of a table that stays on the disk, for it may be large. */
  page(table: LargeTable, range: KeyRange): readonly DirectoryRow[] {
    return this.store.page(table, range);
  }
  row(table: LargeTable, key: string): DirectoryRow | null {
    return this.store.get(table, key);
  }
  /** Changes rows that no subscriber sees: the version stays. */
  changeRows(writes: readonly (DirectoryWrite & { readonly table: LargeTable })[]): void {
    if (!this.#rehearsing) this.#write(writes);
  }
  get isRehearsing(): boolean {
    return this.#rehearsing;
  }

  /** Runs an edit for its checks and its answer only: what it commits is dropped. */
  rehearse<T>(edit: () => T): T {
    this.#rehearsing = true;
    try {
      return edit();
    } finally {
      this.#rehearsing = false;
    }
  }

  /** Makes the changes durable, then visible, as the next version. A Failure of the disk leaves what the disk has. */
  commit(
    changes: readonly DirectoryChange[],
    credentials: readonly CredentialChange[] = [],
    dkimKeys: readonly DkimKeyChange[] = [],
  ): void {
    if (this.#rehearsing) return;
    if (this.#stale) this.#load();
    const version = this.#version + 1;
    const writes: DirectoryWrite[] = changes.map(({ kind, key, record }) => ({ table: kind, key, row: asRow(record) }));
    for (const { account, secrets } of credentials) {
      writes.push({ table: "credential", key: account, row: secrets === null ? null : secretsRow(secrets) });
      if (secrets !== null) continue;
      for (const { id } of this.appPasswords(account)) {
        writes.push({ table: "appPassword", key: appPasswordKey(account, id), row: null });
      }
    }
    // Keys go with their domain.
    const gone = changes.filter(({ kind, record }) => kind === "domain" && record === null);
    const keys = [...dkimKeys, ...gone.flatMap(({ key }) => this.dkimKeys(key).map((row) => ({ ...row, row: null })))];
    writes.push(...keys.map(dkimKeyWrite));
    this.#write(writes, version);
    for (const change of changes) this.#apply(change);
    this.#applyDkimKeys(keys);
    for (const { account, secrets } of credentials) if (secrets === null) this.#appPasswords.delete(account);
  }

  /** Keeps what the same password is checked with: nothing that a subscriber sees changes, so the version stays. */
  replaceSecrets(account: AccountId, secrets: Secrets): void {
    this.#write([{ table: "credential", key: account, row: secretsRow(secrets) }]);
  }

  /** Puts an app password, or with `row` null removes it. Subscribers see nothing of it: the version stays. */
  changeAppPassword(account: AccountId, id: string, row: AppPasswordRow | null): void {
    if (this.#rehearsing) return;
    this.#write([{ table: "appPassword", key: appPasswordKey(account, id), row: row === null ? null : { ...row } }]);
    const others = this.appPasswords(account).filter((other) => other.id !== id);
    const left = row === null ? others : [...others, row].sort(byAge);
    if (left.length === 0) this.#appPasswords.delete(account);
    else this.#appPasswords.set(account, left);
  }

  /** Keeps keys that do not sign: subscribers see nothing of them, so the version stays. */
  changeDkimKeys(changes: readonly DkimKeyChange[]): void {
    if (this.#rehearsing) return;
    this.#write(changes.map(dkimKeyWrite));
    this.#applyDkimKeys(changes);
  }

  #applyDkimKeys(changes: readonly DkimKeyChange[]): void {
    for (const { domain, selector, row } of changes) {
      const others = this.dkimKeys(domain).filter((other) => other.selector !== selector);
      const keys = row === null ? others : [...others, row].sort(bySelector);
      if (keys.length === 0) this.#dkimKeys.delete(domain);
      else this.#dkimKeys.set(domain, keys);
    }
  }

  #write(writes: readonly DirectoryWrite[], next: number | null = null): void {
    if (next === null && this.#stale) this.#load();
    const version = next ?? this.#version;
    try {
      this.store.commit(version, writes);
    } catch (error) {
      // Only the disk knows now whether the change holds. While it cannot be read, the last known state serves.
      this.#stale = true;
      this.#reload();
      throw error;
    }
    this.#version = version;
  }

  #apply(change: DirectoryChange): void {
    const map: Map<string, unknown> = this[MAP_OF[change.kind]];
    if (change.record === null) map.delete(change.key);
    else map.set(change.key, change.record);
    this.names[change.kind].note(change.key, change.record !== null);
  }

  #reload(): void {
    try {
      this.#load();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }

  /** Reads everything before anything is replaced. */
  #load(): void {
    const version = this.store.version();
    const dkimKeys = Map.groupBy(this.store.all("dkimKey").map(dkimKeyOf), ({ domain }) => domain as string);
    const domains = [...rows<DomainRecord>(this.store.all("domain"), "name")].map(([name, record]) =>
      [name, signingSelectors(record, dkimKeys.get(name) ?? [])] as const
    );
    const accounts = [...rows<AccountRecord>(this.store.all("account"), "address")];
    const aliases = [...rows<AliasRecord>(this.store.all("alias"), "address")];
    const bans = [...rows<BanRecord>(this.store.all("ban"), "network")];
    const lists = [...rows<MailingList>(this.store.all("list"), "address")];
    const appPasswords = Map.groupBy(this.store.all("appPassword").map(appPasswordOf), ({ account }) => account);
    this.#version = version;
    this.#appPasswords.clear();
    for (const [account, rows] of appPasswords) this.#appPasswords.set(account, rows.sort(byAge));
    this.#dkimKeys.clear();
    for (const [domain, keys] of dkimKeys) this.#dkimKeys.set(domain, keys.sort(bySelector));
    fill(this.domains, this.names.domain, domains);
    fill(this.accounts, this.names.account, accounts);
    fill(this.aliases, this.names.alias, aliases);
    fill(this.bans, this.names.ban, bans);
    fill(this.lists, this.names.list, lists);
    this.#stale = false;
  }
}

const MAP_OF = { domain: "domains", account: "accounts", alias: "aliases", ban: "bans", list: "lists" } as const;

function asRow(record: DirectoryChange["record"]): DirectoryRow | null {
  return record === null ? null : { ...record };
}

function secretsRow({ hash, scram }: Secrets): DirectoryRow {
  return scram === null ? { hash } : { hash, scram: encodeScramKeys(scram) };
}

function dkimKeyWrite({ domain, selector, row }: DkimKeyChange): DirectoryWrite {
  return { table: "dkimKey", key: dkimKeyName(domain, selector), row: row === null ? null : { ...row } };
}

function bySelector(a: DkimKeyRow, b: DkimKeyRow): number {
  return a.selector < b.selector ? -1 : 1;
}

function byAge(a: AppPasswordRow, b: AppPasswordRow): number {
  return a.createdAt === b.createdAt ? (a.id < b.id ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1;
}

/** The rows by key. The store gives back what was put in; the schema version vouches for its shape. */
function* rows<T>(stored: readonly DirectoryRow[], key: string): Iterable<[string, T]> {
  for (const row of stored) {
    const name = row[key];
    if (typeof name !== "string") throw new Failure("corrupt", `a record of the directory has no ${key}`);
    yield [name, row as T];
  }
}

function fill<T>(map: Map<string, T>, names: SortedNames, entries: Iterable<readonly [string, T]>): void {
  map.clear();
  for (const [key, record] of entries) map.set(key, record);
  names.reset(map.keys());
}
