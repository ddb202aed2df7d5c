import { assert, Failure } from "../base/mod.ts";
import type { KeywordChange, NewMessage, SettingEntry, SettingKind } from "./account/change.ts";
import type { AnnotationsCopied, FlagsWithin, MailboxRef } from "./account/types.ts";
import type { MessageAnnotationChange } from "../mail/message_annotation.ts";
import type { Ranges } from "../mail/ranges.ts";
import type { TreeEdit } from "./account/tree_plan.ts";

/** One message for one recipient, numbered by the owner before the record is written. */
export interface Delivery {
  readonly account: string;
  readonly mailbox: number;
  readonly uid: number;
  readonly modSeq: number;
  /** The epoch the mailbox gets if this makes it. */
  readonly uidValidity: number;
}

/** What one recipient's mailbox loses when a delivery is taken back. */
export interface Removal {
  readonly account: string;
  readonly mailbox: number;
  readonly uids: readonly number[];
  readonly modSeq: number;
}

/** A message of an append, with the number of its body. */
export type Appending = NewMessage & { readonly body: number };

/** A change of a shard. Applied in order it gives the same state everywhere: nothing in it depends on clock or chance. */
export type ShardOp =
  | { readonly kind: "claim"; readonly node: string }
  | {
    readonly kind: "deliver";
    readonly opId: string;
    readonly flags: number;
    readonly internalDateMs: number;
    readonly body: number;
    readonly size: number;
    /** CRC-32C of the bytes. */
    readonly crc: number;
    readonly parts: readonly Uint8Array[];
    /** The MIME index. */
    readonly index: Uint8Array | null;
    readonly deliveries: readonly Delivery[];
  }
  | {
    readonly kind: "withdraw";
    readonly opId: string;
    readonly removals: readonly Removal[];
  }
  | {
    readonly kind: "expunge";
    readonly account: string;
    readonly mailbox: number;
    /** Not all of them need be there. */
    readonly uids: Ranges;
    readonly modSeq: number;
  }
  | {
    readonly kind: "flags";
    readonly account: string;
    readonly mailbox: number;
    /** Not all of them need be there. */
    readonly uids: Ranges;
    readonly add: number;
    readonly remove: number;
    /** Null: keywords stay as they are. Changes do not say so any more, logs that were written before do. */
    readonly keywords: KeywordChange | null;
    /** Rows with a higher MODSEQ are left alone. */
    readonly unchangedSince: number | null;
    readonly modSeq: number;
  }
  /** Messages for one mailbox, all under one MODSEQ, the first under `to.uid`. */
  | {
    readonly kind: "append";
    /** "": nobody asks twice. */
    readonly opId: string;
    readonly to: Delivery;
    readonly savedMs: number;
    readonly messages: readonly Appending[];
  }
  /** Rows of the same bodies in another mailbox, all under one MODSEQ, the first under `to.uid`. */
  | {
    readonly kind: "copy";
    readonly from: MailboxRef;
    readonly to: Delivery;
    /** UIDs that are there. */
    readonly uids: Ranges;
    /** MODSEQ of the removal of the originals; null: they stay. */
    readonly removed: number | null;
    /** Null: each keeps the date it has. */
    readonly savedMs: number | null;
    /** Which annotations go with them. */
    readonly annotations: AnnotationsCopied;
    /** Which flags and keywords go with them. */
    readonly within: FlagsWithin;
  }
  | {
    readonly kind: "annotate";
    readonly account: string;
    readonly mailbox: number;
    readonly uids: readonly number[];
    readonly changes: readonly MessageAnnotationChange[];
    /** Rows with a higher MODSEQ are left alone. */
    readonly unchangedSince: number | null;
    readonly modSeq: number;
  }
  | { readonly kind: "tree"; readonly account: string; readonly edit: TreeEdit }
  | {
    readonly kind: "settings";
    readonly account: string;
    /** 0: of the account. */
    readonly mailbox: number;
    readonly setting: SettingKind;
    readonly entries: readonly SettingEntry[];
    /** Bytes by which the settings of the account grow. */
    readonly grown: number;
  }
  /** Takes away up to `limit` rows of a mailbox that was removed, and all that is left of it in the end. */
  | { readonly kind: "sweep"; readonly account: string; readonly mailbox: number; readonly limit: number }
  /** Removes up to `limit` messages of an account, and its mailboxes when none is left. */
  | { readonly kind: "purge"; readonly account: string; readonly limit: number };

export const RECORD_VERSION = 1;

/** All changes of one group. */
export interface ShardRecord {
  readonly version: typeof RECORD_VERSION;
  /** Sequence number of the claim under which it was written. */
  readonly epoch: number;
  /** Identity of the log, so that records of another one are never mixed in. */
  readonly incarnation: string;
  /** Age of the shard in ms: rises with the clock, but never by more than an hour a record, and never falls. */
  readonly ageMs: number;
  readonly ops: readonly ShardOp[];
}

/**
 * The numbered history of a shard. On one machine it is the shard's own files, in a cluster a replicated stream. Whoever
 * appends names the head it has seen; if another was faster the append is `refused` and nothing is written.
 */
export interface ShardLog {
  readonly incarnation: string;
  /** Number of the last record; 0 when there is none. */
  head(): number;
  /** Number of the oldest record that can still be read; head() + 1 when there is none. */
  first(): number;
  /** Durable when it returns (or resolves). Rejects with Failure `refused` when `expected` is not the head. */
  append(expected: number, record: ShardRecord): number | Promise<number>;
  /** Records from `from` on, in order. Throws Failure `not_found` when they are not kept any more. */
  read(from: number): Iterable<LoggedRecord> | AsyncIterable<LoggedRecord>;
  /** Makes `node` the owner: appends a claim at the head it has applied and answers its number, the new epoch. */
  claim(node: string, applied: number, ageMs: number): number | Promise<number>;
}

export interface LoggedRecord {
  readonly seq: number;
  readonly record: ShardRecord;
}

/** The record of a claim; its own number will be the epoch. */
export function claimRecord(node: string, incarnation: string, ageMs: number): ShardRecord {
  return { version: RECORD_VERSION, epoch: 0, incarnation, ageMs, ops: [{ kind: "claim", node }] };
}

/** Throws unless `expected` is the head. */
export function checkExpected(expected: number, head: number): void {
  if (expected !== head) throw new Failure("refused", `the log is at ${head}, not at ${expected}`);
}

/** A log that keeps its records in memory, for tests and the simulator. */
export class MemoryLog implements ShardLog {
  readonly #records: ShardRecord[] = [];
  #first = 1;
  constructor(readonly incarnation: string) {}
  head(): number {
    return this.#first + this.#records.length - 1;
  }
  first(): number {
    return this.#first;
  }
  append(expected: number, record: ShardRecord): number {
    checkExpected(expected, this.head());
    // What is logged must not change when the caller reuses its buffers.
    this.#records.push({ ...record, ops: record.ops.map(copyOp) });
    return this.head();
  }
  *read(from: number): Iterable<LoggedRecord> {
    if (from < this.#first) throw new Failure("not_found", `the log begins at ${this.#first}`);
    for (let seq = from; seq <= this.head(); seq++) yield { seq, record: this.#records[seq - this.#first]! };
  }
  claim(node: string, applied: number, ageMs: number): number {
    return this.append(applied, claimRecord(node, this.incarnation, ageMs));
  }
  /** Forgets the records before `from`. */
  purge(from: number): void {
    assert(from <= this.head() + 1, "only what was written can be forgotten");
    this.#records.splice(0, Math.max(0, from - this.#first));
    this.#first = Math.max(this.#first, from);
  }
}

function copyOp(op: ShardOp): ShardOp {
  if (op.kind === "deliver") return copyContent(op);
  return op.kind === "append" ? { ...op, messages: op.messages.map(copyContent) } : op;
}

function copyContent<T extends { readonly parts: readonly Uint8Array[]; readonly index: Uint8Array | null }>(
  held: T,
): T {
  return { ...held, parts: held.parts.map((part) => part.slice()), index: held.index?.slice() ?? null };
}

/** State that holds its log position in itself, and its records until they are in its index: applying one is writing it. */
export interface Materialised {
  readonly incarnation: string;
  readonly appliedSeq: number;
  /** Durable when it returns. */
  apply(seq: number, record: ShardRecord): unknown;
}

/** The log of a single machine: the state itself makes records durable, so none is kept besides. */
export class LocalLog implements ShardLog {
  constructor(private readonly state: Materialised) {}
  get incarnation(): string {
    return this.state.incarnation;
  }
  head(): number {
    return this.state.appliedSeq;
  }
  first(): number {
    return this.state.appliedSeq + 1;
  }
  append(expected: number, record: ShardRecord): number {
    checkExpected(expected, this.head());
    this.state.apply(expected + 1, record);
    return expected + 1;
  }
  read(from: number): Iterable<LoggedRecord> {
    if (from <= this.head()) throw new Failure("not_found", "a local log keeps the state, not the records");
    return [];
  }
  claim(node: string, applied: number, ageMs: number): number {
    return this.append(applied, claimRecord(node, this.incarnation, ageMs));
  }
}
