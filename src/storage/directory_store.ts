import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Failure, utf8 } from "../base/mod.ts";
import { diskFailure } from "./disk/disk_failure.ts";
import { type IndexEnv, LmdbIndex } from "./disk/index_env.ts";

/**
 * The tables of the directory. Credentials are keyed by account id, app passwords by account id, slash and their own id, secrets
 * of the server by what they are for, bans by network, keys for DKIM by domain, slash and selector, members by list, a blank and
 * their address, the others by name or address.
 */
export type DirectoryTable =
  | "domain"
  | "account"
  | "alias"
  | "credential"
  | "appPassword"
  | "secret"
  | "dkimKey"
  | "ban"
  | "greylist"
  | "stsPolicy"
  | "tlsCount"
  | "list"
  | "listMember"
  | "listSize";

/** A record as it is stored: JSON. */
export type DirectoryRow = Readonly<Record<string, unknown>>;

/** A record to put, or a key to remove. */
export interface DirectoryWrite {
  readonly table: DirectoryTable;
  readonly key: string;
  readonly row: DirectoryRow | null;
}

/** Some of a table. Keys compare as their UTF-8. */
export interface KeyRange {
  readonly prefix: string;
  /** A whole key; null: from the first. */
  readonly after: string | null;
  readonly limit: number;
}

/** Where the directory is kept. Throws Failure `disk`, `disk_full`, `corrupt` or `schema`. */
export interface DirectoryStore {
  /** Number of the last commit; 0 when there was none. */
  version(): number;
  get(table: DirectoryTable, key: string): DirectoryRow | null;
  /** Every record of a table, in order of key. */
  all(table: DirectoryTable): DirectoryRow[];
  /** Records whose key begins with `prefix` (empty: any) and stands behind `after`, in order of key, at most `limit`. */
  page(table: DirectoryTable, range: KeyRange): DirectoryRow[];
  /** All writes or none, durable when it returns, as `version`. After a throw only the store knows what holds: read it anew. */
  commit(version: number, writes: readonly DirectoryWrite[]): void;
  /** Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** Version of the layout below; raised with a migration, never guessed. */
const SCHEMA = 1;

/*
 *   01              { schema, version }
 *   10 name         domain
 *   11 address      account
 *   12 address      alias
 *   13 account id   credential: the password's argon2id hash, and the keys for SCRAM, which accounts of older versions get
 *                   when their password is set or right the next time
 *   14 account/id   app password
 *   15 purpose      secret of the server
 *   16 domain/selector  key for DKIM, its private part in PEM
 *   18 network      ban
 *   19 key          greylist (in a store of its own)
 *   1a domain       MTA-STS policy (in a store of its own)
 *   1b key          count of TLS sessions (in a store of its own)
 *   20 address      list
 *   21 list member  member of a list
 *   22 list         { members }: how many it has
 */
const META = new Uint8Array([0x01]);
const TAG: Readonly<Record<DirectoryTable, number>> = {
  domain: 0x10,
  account: 0x11,
  alias: 0x12,
  credential: 0x13,
  appPassword: 0x14,
  secret: 0x15,
  dkimKey: 0x16,
  ban: 0x18,
  greylist: 0x19,
  stsPolicy: 0x1a,
  tlsCount: 0x1b,
  list: 0x20,
  listMember: 0x21,
  listSize: 0x22,
};

/** Octets of a key: LMDB takes 1,978. */
const KEY_BYTES_MAX = 1_024;

/** Pages that each commit, and each write in it, may copy (a tree six pages deep). */
const COMMIT_BYTES = 16 * 4_096;
const WRITE_BYTES = 6 * 4_096;

/** Rows read at a time. */
const PAGE_ROWS = 1_000;

/** Opens the directory's files in `dir`, making them when they are absent. */
export function openDirectoryStore(dir: string): DirectoryStore {
  return failing(() => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return new IndexedDirectoryStore(new LmdbIndex(join(dir, "directory.mdb")));
  });
}

/** The directory over any index. */
export class IndexedDirectoryStore implements DirectoryStore {
  /** The version this owner knows of: read last, or committed last. */
  #seen = 0;
  constructor(private readonly index: IndexEnv) {
    const meta = this.#meta();
    if (meta !== null && meta["schema"] !== SCHEMA) {
      throw new Failure("schema", `the directory has schema ${meta["schema"]}, this program knows ${SCHEMA} only`);
    }
    this.version();
  }
  version(): number {
    this.#seen = failing(() => this.#versionIn(this.index.get(META)));
    return this.#seen;
  }
  #versionIn(stored: Uint8Array | undefined): number {
    const version = stored === undefined ? 0 : decode(stored)["version"];
    if (typeof version !== "number") throw new Failure("corrupt", "the directory's version is not a number");
    return version;
  }
  get(table: DirectoryTable, key: string): DirectoryRow | null {
    return failing(() => this.#row(keyOf(table, key)));
  }
  all(table: DirectoryTable): DirectoryRow[] {
    const rows: DirectoryRow[] = [];
    const end = new Uint8Array([TAG[table] + 1]);
    let start: Uint8Array = new Uint8Array([TAG[table]]);
    for (;;) {
      const page = failing(() => this.index.range({ start, end, limit: PAGE_ROWS }));
      for (const { value } of page) rows.push(decode(value));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) return rows;
      start = after(last.key);
    }
  }
  page(table: DirectoryTable, { prefix, after: behind, limit }: KeyRange): DirectoryRow[] {
    const first = prefix === "" ? new Uint8Array([TAG[table]]) : keyOf(table, prefix);
    // No byte of UTF-8 is 0xff.
    const end = new Uint8Array([...first, 0xff]);
    const start = behind === null ? first : after(keyOf(table, behind));
    return failing(() => this.index.range({ start, end, limit })).map(({ value }) => decode(value));
  }
  commit(version: number, writes: readonly DirectoryWrite[]): void {
    failing(() => this.index.reserve(spaceFor(writes)));
    try {
      failing(() =>
        this.index.commit(() => {
          // One that was given up while it hung, and wakes when its successor has committed, must not go over it.
          if (this.#versionIn(this.index.get(META)) !== this.#seen) {
            throw new Failure("refused", "another owner has changed the directory");
          }
          for (const { table, key, row } of writes) {
            if (row === null) this.index.remove(keyOf(table, key));
            else this.index.put(keyOf(table, key), encode(row));
          }
          this.index.put(META, encode({ schema: SCHEMA, version }));
        })
      );
      this.#seen = version;
    } catch (error) {
      // LMDB may keep a failed environment from ever committing again: only opening it anew helps.
      failing(() => this.index.reopen());
      throw error;
    }
  }
  close(): Promise<void> {
    this.index.close();
    return this.index.gone();
  }
  #meta(): DirectoryRow | null {
    return failing(() => this.#row(META));
  }
  #row(key: Uint8Array): DirectoryRow | null {
    const value = this.index.get(key);
    return value === undefined ? null : decode(value);
  }
}

/** Bytes that a commit may take in the index file at most: every write copies the pages above its own. */
function spaceFor(writes: readonly DirectoryWrite[]): number {
  let bytes = COMMIT_BYTES;
  for (const { row } of writes) bytes += WRITE_BYTES + (row === null ? 0 : 2 * encode(row).length);
  return bytes;
}

function keyOf(table: DirectoryTable, key: string): Uint8Array {
  const text = utf8(key);
  if (text.length === 0 || text.length > KEY_BYTES_MAX) throw new Failure("invalid", "a key is 1 to 1,024 octets");
  const bytes = new Uint8Array(1 + text.length);
  bytes[0] = TAG[table];
  bytes.set(text, 1);
  return bytes;
}

/** The first key behind `key`. */
function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

function encode(row: DirectoryRow): Uint8Array {
  return utf8(JSON.stringify(row));
}

function decode(value: Uint8Array): DirectoryRow {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch (cause) {
    throw new Failure("corrupt", "a record of the directory is not JSON", { cause });
  }
}

function failing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskFailure(error) ?? error;
  }
}
