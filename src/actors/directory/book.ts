import { Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/mod.ts";
import type {
  AccountRecord,
  AliasRecord,
  BanRecord,
  DirectoryChange,
  DirectorySnapshot,
  DirectoryStatus,
  DomainRecord,
} from "../../messages/mod.ts";
import type { DirectoryRow, DirectoryStore, DirectoryWrite } from "../../storage/directory_store.ts";
import { SortedNames } from "./sorted_names.ts";

/** A change to one account's password hash; null takes it away. */
export interface CredentialChange {
  readonly account: AccountId;
  readonly hash: string | null;
}

/** The directory in memory, but for the password hashes, in step with its store. */
export class DirectoryBook {
  #version = 0;
  #rehearsing = false;
  /** The disk may know more than we do: a commit failed, and reading it back did too. */
  #stale = false;
  readonly domains = new Map<string, DomainRecord>();
  readonly accounts = new Map<string, AccountRecord>();
  readonly aliases = new Map<string, AliasRecord>();
  readonly bans = new Map<string, BanRecord>();
  readonly names = {
    domain: new SortedNames(),
    account: new SortedNames(),
    alias: new SortedNames(),
    ban: new SortedNames(),
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
    };
  }

  counts(): Omit<DirectoryStatus, "subscribers"> {
    const { domains, accounts, aliases, bans } = this;
    const sizes = { domains: domains.size, accounts: accounts.size, aliases: aliases.size, bans: bans.size };
    return { version: this.#version, ...sizes };
  }

  /** The account's password hash; null when it has none. */
  credential(account: AccountId): string | null {
    const hash = this.store.get("credential", account)?.["hash"];
    return typeof hash === "string" ? hash : null;
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
  commit(changes: readonly DirectoryChange[], credentials: readonly CredentialChange[] = []): void {
    if (this.#rehearsing) return;
    if (this.#stale) this.#load();
    const version = this.#version + 1;
    const writes: DirectoryWrite[] = changes.map(({ kind, key, record }) => ({ table: kind, key, row: asRow(record) }));
    for (const { account, hash } of credentials) {
      writes.push({ table: "credential", key: account, row: hash === null ? null : { hash } });
    }
    try {
      this.store.commit(version, writes);
    } catch (error) {
      // Only the disk knows now whether the change holds. While it cannot be read, the last known state serves.
      this.#stale = true;
      this.#reload();
      throw error;
    }
    this.#version = version;
    for (const change of changes) this.#apply(change);
  }

  /** Keeps a new hash of the same password: nothing that a subscriber sees changes, so the version stays. */
  replaceHash(account: AccountId, hash: string): void {
    this.store.commit(this.#version, [{ table: "credential", key: account, row: { hash } }]);
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
    const domains = [...rows<DomainRecord>(this.store.all("domain"), "name")];
    const accounts = [...rows<AccountRecord>(this.store.all("account"), "address")];
    const aliases = [...rows<AliasRecord>(this.store.all("alias"), "address")];
    const bans = [...rows<BanRecord>(this.store.all("ban"), "network")];
    this.#version = version;
    fill(this.domains, this.names.domain, domains);
    fill(this.accounts, this.names.account, accounts);
    fill(this.aliases, this.names.alias, aliases);
    fill(this.bans, this.names.ban, bans);
    this.#stale = false;
  }
}

const MAP_OF = { domain: "domains", account: "accounts", alias: "aliases", ban: "bans" } as const;

function asRow(record: DirectoryChange["record"]): DirectoryRow | null {
  return record === null ? null : { ...record };
}

/** The rows by key. The store gives back what was put in; the schema version vouches for its shape. */
function* rows<T>(stored: readonly DirectoryRow[], key: string): Iterable<[string, T]> {
  for (const row of stored) {
    const name = row[key];
    if (typeof name !== "string") throw new Failure("corrupt", `a record of the directory has no ${key}`);
    yield [name, row as T];
  }
}

function fill<T>(map: Map<string, T>, names: SortedNames, entries: Iterable<[string, T]>): void {
  map.clear();
  for (const [key, record] of entries) map.set(key, record);
  names.reset(map.keys());
}
