import { assert } from "../base/mod.ts";
import { numbersIn, rangesOfRising } from "../mail/ranges.ts";
import type { FlagsDone } from "./flag_change.ts";
import type { ShardHeader } from "./header.ts";
import { opKey, removedKey, treeKey } from "./layout/keys.ts";
import { OpBook } from "./op_book.ts";
import { purgeAccount, sweepMailbox } from "./removal.ts";
import { savedSeconds, type StoredRow } from "./row_block.ts";
import { type Announced, RowChanges } from "./row_changes.ts";
import type { PlacedRecord } from "./disk/segments.ts";
import { growSettings, mailboxSettingsBytes, putSetting } from "./account/settings.ts";
import type { Delivery, ShardOp, ShardRecord } from "./shard_log.ts";
import type { TreeEdit } from "./account/tree_plan.ts";
import { encodeTreeHead, encodeTreeRow } from "./account/tree_rows.ts";
import { encodeOp } from "./layout/values.ts";
import { type MailboxView, ShardView } from "./view.ts";

export type { Announced };

/** What became of one op of a record. */
export interface OpOutcome {
  /** UIDs that were expunged; rising. */
  readonly uids: readonly number[];
  /** Of a change of flags or annotations; null: the mailbox was not there. */
  readonly flags: FlagsDone | null;
  /** HIGHESTMODSEQ of the mailbox after it. */
  readonly modSeq: number;
  /** Messages removed by a purge, and whether some are left. */
  readonly removed: number;
  readonly more: boolean;
}

export interface RecordOutcome {
  readonly ops: readonly OpOutcome[];
  readonly changes: readonly Announced[];
  /** Answers forgotten before their time because there are too many. */
  readonly forgottenEarly: number;
  /** Whether bodies lost their last reader, so that segments may be worth compacting. */
  readonly freed: boolean;
  /** The record was written under an epoch that was over: it changes nothing, everywhere. */
  readonly stale: boolean;
}

export interface ApplyLimits {
  readonly opIdMsMin: number;
  readonly opIdsMax: number;
  readonly changeRowsMax: number;
}

export const STALE: RecordOutcome = { ops: [], changes: [], forgottenEarly: 0, freed: false, stale: true };

const NONE: OpOutcome = { uids: [], flags: null, modSeq: 0, removed: 0, more: false };

type OpOf<K extends ShardOp["kind"]> = Extract<ShardOp, { kind: K }>;

/**
 * Applies one record inside a transaction: the only way a shard changes. Deterministic: the same record on the same state
 * gives the same state, wherever bodies happen to lie.
 */
export class Applier {
  readonly #view: ShardView;
  readonly #rows: RowChanges;
  readonly #book: OpBook;
  #header: ShardHeader;
  constructor(view: ShardView, header: ShardHeader, limits: ApplyLimits) {
    this.#view = view;
    this.#header = header;
    this.#rows = new RowChanges(view, limits);
    this.#book = new OpBook(view.index, header, limits);
  }
  /** Answers the next header (without the segment position, which is local) and what became of each op. */
  apply(
    seq: number,
    record: ShardRecord,
    places: readonly PlacedRecord[],
  ): { header: ShardHeader; outcome: RecordOutcome } {
    const ops: OpOutcome[] = [];
    let bodies = 0;
    for (const op of record.ops) {
      if (op.kind !== "flags") this.#rows.settle();
      if (op.kind === "deliver") ops.push(this.#deliver(op, places[bodies++]));
      else if (op.kind === "append") {
        ops.push(this.#append(op, places.slice(bodies, bodies + op.messages.length)));
        bodies += op.messages.length;
      } else ops.push(this.#change(seq, op));
    }
    this.#rows.settle();
    const forgottenEarly = this.#book.close(seq, record.ageMs);
    this.#view.flush();
    const header = {
      ...this.#header,
      ...this.#book.counts(),
      appliedSeq: seq,
      ageMs: Math.max(this.#header.ageMs, record.ageMs),
    };
    const { announced, freed } = this.#rows;
    return { header, outcome: { ops, changes: announced, forgottenEarly, freed, stale: false } };
  }
  #change(seq: number, op: Exclude<ShardOp, { kind: "deliver" | "append" }>): OpOutcome {
    switch (op.kind) {
      case "claim":
        this.#header = { ...this.#header, epoch: seq };
        return NONE;
      case "withdraw":
        return this.#withdraw(op);
      case "expunge":
        return this.#expunge(op);
      case "flags":
        return this.#flags(op);
      case "copy":
        return this.#copy(op);
      case "annotate":
        return this.#annotate(op);
      case "tree":
        return this.#tree(op.account, op.edit);
      case "settings":
        for (const entry of op.entries) putSetting(this.#view.index, op, entry);
        growSettings(this.#view.index, op.account, op.grown);
        return NONE;
      case "sweep":
        return { ...NONE, more: sweepMailbox(this.#view, this.#rows, op).more };
      case "purge":
        return {
          ...NONE,
          ...purgeAccount(this.#view, this.#rows, op, (change) => this.#header = change(this.#header)),
        };
    }
  }
  #deliver(op: OpOf<"deliver">, place: PlacedRecord | undefined): OpOutcome {
    const { size, flags, body, internalDateMs } = op;
    this.#addBody(op, place, op.deliveries.length);
    const saved = savedSeconds(internalDateMs);
    for (const delivery of op.deliveries) {
      const { uid, modSeq } = delivery;
      this.#rows.arrive(this.#target(delivery), { uid, flags, keywords: 0, size, modSeq, internalDateMs, body, saved });
    }
    this.#book.keep(op.opId, encodeOp({ targets: op.deliveries }));
    return NONE;
  }
  #append(op: OpOf<"append">, places: readonly PlacedRecord[]): OpOutcome {
    const mailbox = this.#target(op.to);
    const saved = savedSeconds(op.savedMs);
    const { uid: first, modSeq } = op.to;
    op.messages.forEach((message, i) => {
      this.#addBody(message, places[i], 1);
      const { flags, size, internalDateMs, body } = message;
      const keywords = message.keywords.length === 0 ? 0 : this.#view.keywords(mailbox).acquire(message.keywords);
      this.#rows.arrive(mailbox, { uid: first + i, flags, keywords, size, modSeq, internalDateMs, body, saved });
      if (message.annotations.length > 0) this.#rows.putAnnotations(mailbox, first + i, message.annotations);
    });
    if (op.opId === "") return NONE;
    this.#book.keep(op.opId, encodeOp({ targets: op.messages.map((_, i) => ({ ...op.to, uid: first + i })) }));
    return NONE;
  }
  #addBody(
    { body, size, crc }: { body: number; size: number; crc: number },
    place: PlacedRecord | undefined,
    refs: number,
  ): void {
    assert(place !== undefined, "every body has been placed");
    assert(body >= this.#header.bodyNext, "body numbers rise");
    this.#header = { ...this.#header, bodyNext: body + 1 };
    this.#view.bodies.add(body, { ...place, length: size, crc, refs });
  }
  /** The mailbox that rows go to; made when it was not there. */
  #target({ account, mailbox, uidValidity }: Omit<Delivery, "uid" | "modSeq">): MailboxView {
    return this.#view.mailbox(account, mailbox) ?? this.#view.makeMailbox(account, mailbox, uidValidity);
  }
  #copy(op: OpOf<"copy">): OpOutcome {
    const source = this.#view.mailbox(op.from.account, op.from.mailbox);
    assert(source !== null, "the mailbox that is copied from is there");
    const uids = [...numbersIn(op.uids)];
    const rows = uids.map((uid): StoredRow => {
      const block = this.#view.block(source, uid);
      const index = block.find(uid);
      assert(index >= 0, "the messages that are copied are there");
      return block.row(index);
    });
    const target = this.#target(op.to);
    const names = new Map<number, string[]>();
    rows.forEach((row, i) => {
      this.#view.bodies.share(row.body);
      let keywords = 0;
      if (row.keywords > 0 && op.within.keywords) {
        const held = names.get(row.keywords) ?? this.#view.keywords(source).names(row.keywords);
        names.set(row.keywords, held);
        keywords = this.#view.keywords(target).acquire(held);
      }
      const saved = op.savedMs === null ? row.saved : savedSeconds(op.savedMs);
      const flags = row.flags & op.within.flags;
      this.#rows.arrive(target, { ...row, uid: op.to.uid + i, modSeq: op.to.modSeq, flags, keywords, saved });
    });
    if (op.annotations !== "none") {
      this.#rows.copyAnnotations(source, target, { uids, first: op.to.uid, how: op.annotations });
    }
    if (op.removed !== null) this.#rows.expunge(source, op.uids, op.removed);
    return NONE;
  }
  #withdraw(op: OpOf<"withdraw">): OpOutcome {
    for (const { uids, ...removal } of op.removals) this.#expunge({ ...removal, uids: rangesOfRising(uids) });
    const taken = encodeOp({ targets: null });
    if (this.#view.index.get(opKey(op.opId)) === undefined) this.#book.keep(op.opId, taken);
    else this.#view.index.put(opKey(op.opId), taken);
    return NONE;
  }
  #expunge(op: Omit<OpOf<"expunge">, "kind">): OpOutcome {
    const mailbox = this.#view.mailbox(op.account, op.mailbox);
    if (mailbox === null) return { ...NONE, modSeq: 1 };
    const gone = this.#rows.expunge(mailbox, op.uids, op.modSeq);
    return { ...NONE, uids: gone, modSeq: mailbox.counters.highestModSeq };
  }
  #flags(op: OpOf<"flags">): OpOutcome {
    const mailbox = this.#view.mailbox(op.account, op.mailbox);
    if (mailbox === null) return { ...NONE, modSeq: 1 };
    const flags = this.#rows.flags(mailbox, op);
    return { ...NONE, flags, modSeq: mailbox.counters.highestModSeq };
  }
  #annotate(op: OpOf<"annotate">): OpOutcome {
    const mailbox = this.#view.mailbox(op.account, op.mailbox);
    if (mailbox === null) return { ...NONE, modSeq: 1 };
    const flags = this.#rows.annotate(mailbox, op);
    return { ...NONE, flags, modSeq: mailbox.counters.highestModSeq };
  }
  #tree(account: string, { head, rows, made, renewed, removed }: TreeEdit): OpOutcome {
    const { index } = this.#view;
    for (const { mailbox, uidValidity } of made) this.#target({ account, mailbox, uidValidity });
    for (const { mailbox: number, uidValidity } of renewed) {
      const mailbox = this.#view.mailbox(account, number);
      assert(mailbox !== null, "a mailbox that is renamed is there");
      mailbox.counters.uidValidity = uidValidity;
      this.#rows.announce(mailbox, { kind: "ended" });
    }
    for (const number of removed) this.#remove(account, number);
    index.put(treeKey(account, ""), encodeTreeHead(head));
    for (const { name, row } of rows) {
      if (row === null) index.remove(treeKey(account, name));
      else index.put(treeKey(account, name), encodeTreeRow(row));
    }
    return NONE;
  }
  /** Gone for all who look; its rows go later. */
  #remove(account: string, number: number): void {
    const mailbox = this.#view.mailbox(account, number);
    assert(mailbox !== null, "a mailbox that is removed is there");
    const usage = this.#view.usage(account);
    usage.bytes -= mailbox.counters.size;
    usage.messages -= mailbox.counters.messages;
    mailbox.counters.form = "removed";
    growSettings(this.#view.index, account, -mailboxSettingsBytes(this.#view.index, account, number));
    this.#view.index.put(removedKey(account, number), Uint8Array.of(1));
    this.#rows.announce(mailbox, { kind: "ended" });
  }
}
