import type { Clock, Failure, Log, Random } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import type { FlagBits } from "../mail/flag.ts";
import type { DeliveryTarget, MailboxChange, MailboxStatus, MessageRow } from "../mail/mailbox_state.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { AccountStore, IndexColumns } from "./account/types.ts";
import type { FileSystem } from "./disk/file_system.ts";
import type { StoreLimits } from "./limits.ts";

export type * from "./account/types.ts";
export type { DeliveryTarget, MailboxChange, MailboxStatus, MessageRow };

/** What a shard stores with one delivery. */
export interface DeliverInput {
  /**
   * Unique for this delivery: asked twice, it is stored once. 1 to 255 printable ASCII characters; ids that begin with
   * their time lie together in the index, and cost a third of random ones.
   */
  readonly opId: string;
  readonly targets: readonly DeliveryTarget[];
  /** Mailbox to file into, the same number for every target; where it was removed, INBOX takes its place. */
  readonly mailbox: number;
  readonly flags: FlagBits;
  /** The message exactly as it is to be kept, in pieces; not to be changed until the answer. */
  readonly parts: readonly Uint8Array[];
  /** The MIME index, opaque here, kept beside the body; null or absent when none was made. Above 1 MB it is not kept. */
  readonly index?: Uint8Array | null;
  /** ms since 1970 UTC. */
  readonly internalDateMs: number;
}

/** How a delivery ended: stored for every target, or for none. */
export type DeliverResult =
  | { readonly type: "delivered"; readonly uids: readonly Uid[] }
  | { readonly type: "full"; readonly accounts: readonly AccountId[] };

/** Told of every change after it became durable. */
export type ChangeListener = (account: AccountId, mailbox: number, change: MailboxChange) => void;

/** What changed in a mailbox since a MODSEQ (RFC 7162 §3.2.5). */
export interface ChangesSince {
  /** UIDs that are there and were added or changed, rising. */
  readonly changed: readonly Uid[];
  /** UIDs that were expunged, rising. */
  readonly expunged: readonly Uid[];
  readonly highestModSeq: ModSeq;
}

/** How a byte range of a message is named. */
export interface FetchRange {
  readonly uid: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * One shard: owned by one worker, every change durable when its promise resolves. Changes reject with Failure `disk_full`,
 * `disk`, `busy`, `invalid`, `refused` or `closed`; reads answer from committed state, also while the disk refuses writes.
 */
export interface ShardStore extends AccountStore {
  readonly number: number;
  deliver(input: DeliverInput): Promise<DeliverResult>;
  /** Takes back what `opId` delivered; a later delivery of the same `opId` is `refused`. */
  withdraw(opId: string): Promise<void>;
  expunge(account: AccountId, mailbox: number, uids: readonly number[]): Promise<{ expunged: Uid[]; modSeq: ModSeq }>;
  purge(account: AccountId): Promise<{ messages: number }>;
  status(account: AccountId, mailbox: number): MailboxStatus;
  /** Rows with a UID above `after`, rising, at most `limit` (10,000). */
  list(account: AccountId, mailbox: number, after: number, limit: number): { rows: MessageRow[]; more: boolean };
  /** Bytes of a message; `not_found` when it is gone, `corrupt` when its checksum is wrong. */
  fetch(account: AccountId, mailbox: number, range: FetchRange): { bytes: Uint8Array; size: number };
  usage(account: AccountId): { bytes: number; messages: number };
  /** Null when the history does not reach back to `since`, or more UIDs changed than are named: the asker compares everything. */
  changes(account: AccountId, mailbox: number, since: number): ChangesSince | null;
  /** Calls `listener` after each durable change, in order; returns "stop calling". */
  onChange(listener: ChangeListener): () => void;
  health(): "ok" | Failure;
  /** Waits for what was asked, then lets go of the files. */
  close(): Promise<void>;
}

/** What `verify` found: one bad message or counter, or how far it is. */
export type VerifyEvent =
  | {
    readonly type: "bad";
    readonly shard: number;
    readonly account: string;
    readonly mailbox: number;
    /** 0 when the counters of the mailbox are wrong, not a message. */
    readonly uid: number;
    readonly problem: string;
  }
  | { readonly type: "progress"; readonly shard: number; readonly messages: number; readonly done: boolean };

export interface VerifyOptions {
  /** All shards of this store when absent. */
  readonly shards?: readonly number[];
  /** Whether bodies are read and their checksums computed (default true). */
  readonly bodies?: boolean;
}

/** The shards that one worker owns. */
export interface MailStore {
  /** Throws Failure `not_found` for a shard this store does not own. */
  shard(number: number): ShardStore;
  verify(options?: VerifyOptions): AsyncIterable<VerifyEvent>;
  close(): Promise<void>;
}

export interface MailStoreOptions {
  /** The data directory; shards live in `shards/000` … below it. */
  readonly dir: string;
  /** The shards this worker owns. */
  readonly shards: readonly number[];
  /** Fixed when the data directory is made. */
  readonly shardCount: number;
  /**
   * Names this process. A shard that the same process opens again had an owner whose thread may still hang in a write: its
   * segment is not appended to any more. Without a name the caller vouches that no earlier owner is left.
   */
  readonly owner?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly files?: FileSystem;
  /** Runs a function later in this thread (default setImmediate): what is asked until then forms one group. */
  readonly defer?: (run: () => void) => void;
  readonly limits?: Partial<StoreLimits>;
  /** What of the MIME indexes is kept beside rows; nothing when absent. */
  readonly columns?: IndexColumns;
}
