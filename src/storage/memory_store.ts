import { concat, Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { Flag } from "../mail/flag.ts";
import type { ModSeq, Uid, UidValidity } from "../mail/uid.ts";
import { type Change, deliverChange, expungeChange, flagsChange, purgeChange, withdrawChange } from "./change.ts";
import { checkAccount, checkMailbox } from "./keys.ts";
import { DEFAULT_LIMITS, type StoreLimits } from "./limits.ts";
import type {
  ChangeListener,
  ChangesSince,
  DeliverInput,
  DeliverResult,
  FetchRange,
  FlagChange,
  MailboxChange,
  MailboxStatus,
  MailStore,
  MessageRow,
  ShardStore,
  VerifyEvent,
} from "./types.ts";

/** What a memory store is made with; everything has a default. */
export interface MemoryStoreOptions {
  readonly shards?: readonly number[];
  /** UIDVALIDITY of the first mailboxes. */
  readonly uidValidity?: number;
  readonly defer?: (run: () => void) => void;
  readonly limits?: Partial<StoreLimits>;
}

/** A mail store that forgets everything with the process: for tests and simulations of what stands above the store. */
export function createMemoryStore(options: MemoryStoreOptions = {}): MailStore {
  const shards = new Map((options.shards ?? [0]).map((number) => [number, new MemoryShard(number, options)]));
  return {
    shard(number) {
      const shard = shards.get(number);
      if (shard === undefined) throw new Failure("not_found", `shard ${number} is not owned here`);
      return shard;
    },
    async *verify(): AsyncIterable<VerifyEvent> {
      for (const shard of shards.values()) {
        yield { type: "progress", shard: shard.number, messages: shard.messages(), done: true };
      }
    },
    async close() {
      for (const shard of shards.values()) await shard.close();
    },
  };
}

interface OpTarget {
  readonly account: AccountId;
  readonly uid: number;
  readonly uidValidity: number;
}

interface StoredMessage {
  row: MessageRow;
  readonly bytes: Uint8Array;
}

interface Mailbox {
  readonly account: AccountId;
  readonly number: number;
  readonly uidValidity: number;
  uidNext: number;
  modSeq: number;
  readonly messages: Map<number, StoredMessage>;
  readonly expunged: { readonly uid: number; readonly modSeq: number }[];
}

type Answer = { readonly mailbox: number; readonly targets: OpTarget[] } | "withdrawn";

/** The plainest store that keeps the contract: one change at a time, everything in maps. */
class MemoryShard implements ShardStore {
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #answers = new Map<string, Answer>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #limits: StoreLimits;
  readonly #defer: (run: () => void) => void;
  #uidValidity: number;
  #waiting: (() => void)[] = [];
  #closed = false;
  constructor(readonly number: number, options: MemoryStoreOptions) {
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#defer = options.defer ?? ((run) => void setImmediate(run));
    this.#uidValidity = options.uidValidity ?? 1;
  }
  async deliver(input: DeliverInput): Promise<DeliverResult> {
    const change = deliverChange(input, this.#limits);
    return await this.#later(() => this.#deliver(input, change.internalDateMs));
  }
  async withdraw(opId: string): Promise<void> {
    withdrawChange(opId);
    await this.#later(() => {
      const answer = this.#answers.get(opId);
      this.#answers.set(opId, "withdrawn");
      if (answer === undefined || answer === "withdrawn") return;
      for (const account of new Set(answer.targets.map((target) => target.account))) {
        const epoch = this.#find(account, answer.mailbox)?.uidValidity;
        const own = answer.targets.filter((target) => target.account === account && target.uidValidity === epoch);
        const uids = own.map(({ uid }) => uid);
        this.#expunge(account, answer.mailbox, uids);
      }
    });
  }
  async expunge(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
  ): Promise<{ expunged: Uid[]; modSeq: ModSeq }> {
    const named = uidsOf(expungeChange(account, mailbox, uids, this.#limits));
    return await this.#later(() => this.#expunge(account, mailbox, named));
  }
  async setFlags(
    account: AccountId,
    mailbox: number,
    uids: readonly number[],
    change: FlagChange,
  ): Promise<{ modSeq: ModSeq }> {
    const named = uidsOf(flagsChange({ account, mailbox, uids }, change, this.#limits));
    return await this.#later(() => this.#setFlags(account, mailbox, named, change));
  }
  async purge(account: AccountId): Promise<{ messages: number }> {
    purgeChange(account);
    return await this.#later(() => {
      let messages = 0;
      for (const [key, mailbox] of this.#mailboxes) {
        if (mailbox.account !== account) continue;
        messages += this.#expunge(account, mailbox.number, [...mailbox.messages.keys()]).expunged.length;
        this.#mailboxes.delete(key);
        this.#uidValidity++;
      }
      return { messages };
    });
  }
  status(account: AccountId, number: number): MailboxStatus {
    const mailbox = this.#find(account, number);
    const rows = [...mailbox?.messages.values() ?? []].map(({ row }) => row);
    return {
      uidValidity: (mailbox?.uidValidity ?? this.#uidValidity) as UidValidity,
      uidNext: (mailbox?.uidNext ?? 1) as Uid,
      highestModSeq: (mailbox?.modSeq ?? 1) as ModSeq,
      messages: rows.length,
      unseen: rows.filter(({ flags }) => (flags & Flag.seen) === 0).length,
      deleted: rows.filter(({ flags }) => (flags & Flag.deleted) !== 0).length,
      size: rows.reduce((sum, { size }) => sum + size, 0),
    };
  }
  list(account: AccountId, number: number, after: number, limit: number): { rows: MessageRow[]; more: boolean } {
    const all = [...this.#find(account, number)?.messages.values() ?? []].map(({ row }) => row);
    const rows = all.filter(({ uid }) => uid > after);
    const count = Math.max(0, Math.min(limit, this.#limits.listRowsMax));
    return { rows: rows.slice(0, count), more: rows.length > count };
  }
  fetch(account: AccountId, number: number, range: FetchRange): { bytes: Uint8Array; size: number } {
    const message = this.#find(account, number)?.messages.get(range.uid);
    if (message === undefined) throw new Failure("not_found", "the message is gone");
    const size = message.bytes.length;
    const offset = Math.min(size, Math.max(0, Math.floor(range.offset) || 0));
    const length = Math.min(size - offset, Math.max(0, Math.floor(range.length) || 0));
    return { bytes: message.bytes.slice(offset, offset + length), size };
  }
  usage(account: AccountId): { bytes: number; messages: number } {
    this.#assertOpen();
    const usage = { bytes: 0, messages: 0 };
    for (const mailbox of this.#mailboxes.values()) {
      if (mailbox.account !== account) continue;
      usage.messages += mailbox.messages.size;
      for (const { bytes } of mailbox.messages.values()) usage.bytes += bytes.length;
    }
    return usage;
  }
  changes(account: AccountId, number: number, since: number): ChangesSince | null {
    const mailbox = this.#find(account, number);
    if (mailbox === null) return { changed: [], expunged: [], highestModSeq: 1 as ModSeq };
    if (since < 1) return null;
    const rows = [...mailbox.messages.values()].map(({ row }) => row);
    const expunged = mailbox.expunged.filter(({ modSeq }) => modSeq > since).map(({ uid }) => uid as Uid);
    return {
      changed: rows.filter(({ modSeq }) => modSeq > since).map(({ uid }) => uid),
      expunged: expunged.sort((a, b) => a - b),
      highestModSeq: mailbox.modSeq as ModSeq,
    };
  }
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  health(): "ok" {
    return "ok";
  }
  async close(): Promise<void> {
    if (!this.#closed) await this.#later(() => {});
    this.#closed = true;
  }
  /** Messages in all mailboxes. */
  messages(): number {
    let count = 0;
    for (const mailbox of this.#mailboxes.values()) count += mailbox.messages.size;
    return count;
  }
  /** Runs a change after the present turn, in order, as a store with a disk would. */
  #later<T>(change: () => T): Promise<T> {
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(change());
        } catch (error) {
          reject(error);
        }
      });
      if (this.#waiting.length === 1) this.#defer(() => this.#waiting.splice(0).forEach((run) => run()));
    });
  }
  #deliver(input: DeliverInput, internalDateMs: number): DeliverResult {
    const known = this.#answers.get(input.opId);
    if (known === "withdrawn") throw new Failure("refused", "the delivery was taken back");
    if (known !== undefined) return { type: "delivered", uids: known.targets.map(({ uid }) => uid as Uid) };
    const bytes = concat(input.parts);
    const growth = new Map<AccountId, number>();
    const full = new Set<AccountId>();
    for (const { account, quotaBytes } of input.targets) {
      const grown = (growth.get(account) ?? 0) + bytes.length;
      growth.set(account, grown);
      if (quotaBytes > 0 && this.usage(account).bytes + grown > quotaBytes) full.add(account);
    }
    if (full.size > 0) return { type: "full", accounts: [...full] };
    const targets = input.targets.map(({ account }) => {
      const mailbox = this.#make(account, input.mailbox);
      const row: MessageRow = {
        uid: mailbox.uidNext++ as Uid,
        modSeq: ++mailbox.modSeq as ModSeq,
        flags: input.flags,
        keywords: [],
        size: bytes.length,
        internalDateMs,
      };
      mailbox.messages.set(row.uid, { row, bytes });
      this.#announce(mailbox, { kind: "delivered", uid: row.uid, modSeq: row.modSeq });
      return { account, uid: row.uid, uidValidity: mailbox.uidValidity };
    });
    this.#answers.set(input.opId, { mailbox: input.mailbox, targets });
    return { type: "delivered", uids: targets.map(({ uid }) => uid) };
  }
  #expunge(account: AccountId, number: number, uids: readonly number[]): { expunged: Uid[]; modSeq: ModSeq } {
    const mailbox = this.#find(account, number);
    if (mailbox === null) return { expunged: [], modSeq: 1 as ModSeq };
    const expunged = uids.filter((uid) => mailbox.messages.delete(uid)) as Uid[];
    if (expunged.length > 0) {
      const modSeq = ++mailbox.modSeq;
      mailbox.expunged.push(...expunged.map((uid) => ({ uid, modSeq })));
      this.#announce(mailbox, { kind: "expunged", uids: expunged, modSeq: modSeq as ModSeq });
    }
    return { expunged, modSeq: mailbox.modSeq as ModSeq };
  }
  #setFlags(account: AccountId, number: number, uids: readonly number[], change: FlagChange): { modSeq: ModSeq } {
    const mailbox = this.#find(account, number);
    if (mailbox === null) return { modSeq: 1 as ModSeq };
    const modSeq = mailbox.modSeq + 1 as ModSeq;
    const changed: Uid[] = [];
    for (const uid of uids) {
      const message = mailbox.messages.get(uid);
      if (message === undefined) continue;
      const flags = (message.row.flags | change.add) & ~change.remove;
      if (flags === message.row.flags) continue;
      message.row = { ...message.row, flags, modSeq };
      changed.push(uid as Uid);
    }
    if (changed.length > 0) {
      mailbox.modSeq = modSeq;
      this.#announce(mailbox, { kind: "flags", uids: changed, modSeq });
    }
    return { modSeq: mailbox.modSeq as ModSeq };
  }
  #find(account: AccountId, number: number): Mailbox | null {
    this.#assertOpen();
    return this.#mailboxes.get(`${number}/${account}`) ?? null;
  }
  #make(account: AccountId, number: number): Mailbox {
    const found = this.#find(account, number);
    if (found !== null) return found;
    checkAccount(account);
    checkMailbox(number);
    const uidValidity = this.#uidValidity;
    const made: Mailbox = { account, number, uidValidity, uidNext: 1, modSeq: 1, messages: new Map(), expunged: [] };
    this.#mailboxes.set(`${number}/${account}`, made);
    return made;
  }
  #announce(mailbox: Mailbox, change: MailboxChange): void {
    for (const listener of this.#listeners) listener(mailbox.account, mailbox.number, change);
  }
  #assertOpen(): void {
    if (this.#closed) throw new Failure("closed", "the store is closed");
  }
}

function uidsOf(change: Change): readonly number[] {
  return change.kind === "expunge" || change.kind === "flags" ? change.uids : [];
}
