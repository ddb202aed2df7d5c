import { assert } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { Flag } from "../mail/flag.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { ShardHeader } from "./header.ts";
import { changeKey, changesAfter, mailboxKey, opKey, readChangeModSeq, rowsFrom } from "./keys.ts";
import { mailboxesIn } from "./mailboxes.ts";
import { OpBook } from "./op_book.ts";
import type { PlacedBody } from "./segments.ts";
import type { ShardOp, ShardRecord } from "./shard_log.ts";
import type { MailboxChange } from "./types.ts";
import { encodeChange, encodeOp, readBlocks, type StoredRow } from "./values.ts";
import { type MailboxView, ShardView } from "./view.ts";

/** One change for the listeners. */
export interface Announced {
  readonly account: AccountId;
  readonly mailbox: number;
  readonly change: MailboxChange;
}

/** What became of one op of a record. */
export interface OpOutcome {
  /** UIDs that were expunged, or whose flags changed; rising. */
  readonly uids: readonly number[];
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

const NONE: OpOutcome = { uids: [], modSeq: 0, removed: 0, more: false };

type OpOf<K extends ShardOp["kind"]> = Extract<ShardOp, { kind: K }>;

/**
 * Applies one record inside a transaction: the only way a shard changes. Deterministic: the same record on the same state
 * gives the same state, wherever bodies happen to lie.
 */
export class Applier {
  readonly #view: ShardView;
  readonly #book: OpBook;
  readonly #changes: Announced[] = [];
  #freed = false;
  #header: ShardHeader;
  constructor(view: ShardView, header: ShardHeader, private readonly limits: ApplyLimits) {
    this.#view = view;
    this.#header = header;
    this.#book = new OpBook(view.index, header, limits);
  }
  /** Answers the next header (without the segment position, which is local) and what became of each op. */
  apply(
    seq: number,
    record: ShardRecord,
    places: readonly PlacedBody[],
  ): { header: ShardHeader; outcome: RecordOutcome } {
    const ops: OpOutcome[] = [];
    let bodies = 0;
    for (const op of record.ops) {
      if (op.kind === "deliver") ops.push(this.#deliver(op, places[bodies++]));
      else ops.push(this.#change(seq, op));
    }
    const forgottenEarly = this.#book.close(seq, record.ageMs);
    this.#view.flush();
    const header = {
      ...this.#header,
      ...this.#book.counts(),
      appliedSeq: seq,
      ageMs: Math.max(this.#header.ageMs, record.ageMs),
    };
    return { header, outcome: { ops, changes: this.#changes, forgottenEarly, freed: this.#freed, stale: false } };
  }
  #change(seq: number, op: Exclude<ShardOp, { kind: "deliver" }>): OpOutcome {
    switch (op.kind) {
      case "claim":
        this.#header = { ...this.#header, epoch: seq };
        return NONE;
      case "withdraw":
        return this.#withdraw(op);
      case "expunge":
        return this.#expunge(op.account, op.mailbox, op.uids, op.modSeq);
      case "flags":
        return this.#flags(op);
      case "purge":
        return this.#purge(op);
    }
  }
  #deliver(op: OpOf<"deliver">, place: PlacedBody | undefined): OpOutcome {
    assert(place !== undefined, "every delivered body has been placed");
    const { size, crc, flags, body } = op;
    assert(body >= this.#header.bodyNext, "body numbers rise");
    this.#header = { ...this.#header, bodyNext: body + 1 };
    const refs = op.deliveries.length;
    this.#view.bodies.add(body, { ...place, length: size, crc, refs });
    for (const { account, uid, modSeq, uidValidity } of op.deliveries) {
      const mailbox = this.#view.mailbox(account, op.mailbox) ??
        this.#view.makeMailbox(account, op.mailbox, uidValidity);
      const { counters } = mailbox;
      assert(uid === counters.uidNext && modSeq > counters.highestModSeq, "the owner numbers messages in order");
      counters.uidNext = uid + 1;
      counters.highestModSeq = modSeq;
      this.#view.block(mailbox, uid).append({ uid, flags, size, modSeq, internalDateMs: op.internalDateMs, body });
      count(mailbox, { flags, size }, 1);
      const usage = this.#view.usage(account);
      usage.bytes += size;
      usage.messages++;
      this.#announce(mailbox, { kind: "delivered", uid: uid as Uid, modSeq: modSeq as ModSeq });
    }
    this.#book.keep(op.opId, encodeOp({ mailbox: op.mailbox, targets: op.deliveries }));
    return NONE;
  }
  #withdraw(op: OpOf<"withdraw">): OpOutcome {
    for (const { account, uids, modSeq } of op.removals) this.#expunge(account, op.mailbox, uids, modSeq);
    const taken = encodeOp({ mailbox: op.mailbox, targets: null });
    if (this.#view.index.get(opKey(op.opId)) === undefined) this.#book.keep(op.opId, taken);
    else this.#view.index.put(opKey(op.opId), taken);
    return NONE;
  }
  #expunge(account: string, number: number, uids: readonly number[], modSeq: number): OpOutcome {
    const mailbox = this.#view.mailbox(account, number);
    if (mailbox === null) return { ...NONE, modSeq: 1 };
    const gone: number[] = [];
    for (const uid of uids) {
      const block = this.#view.block(mailbox, uid);
      const index = block.find(uid);
      if (index < 0) continue;
      this.#forget(mailbox, block.row(index));
      block.remove(index);
      gone.push(uid);
    }
    if (gone.length > 0) {
      this.#remember(mailbox, 2, gone, modSeq);
      this.#announce(mailbox, { kind: "expunged", uids: gone as Uid[], modSeq: modSeq as ModSeq });
    }
    return { ...NONE, uids: gone, modSeq: mailbox.counters.highestModSeq };
  }
  #flags(op: OpOf<"flags">): OpOutcome {
    const mailbox = this.#view.mailbox(op.account, op.mailbox);
    if (mailbox === null) return { ...NONE, modSeq: 1 };
    const changed: number[] = [];
    for (const uid of op.uids) {
      const block = this.#view.block(mailbox, uid);
      const index = block.find(uid);
      if (index < 0) continue;
      const { flags } = block.row(index);
      const next = (flags | op.add) & ~op.remove;
      if (next === flags) continue;
      block.setFlags(index, next, op.modSeq);
      const { counters } = mailbox;
      counters.unseen += Number((next & Flag.seen) === 0) - Number((flags & Flag.seen) === 0);
      counters.deleted += Number((next & Flag.deleted) !== 0) - Number((flags & Flag.deleted) !== 0);
      changed.push(uid);
    }
    if (changed.length > 0) {
      this.#remember(mailbox, 1, changed, op.modSeq);
      this.#announce(mailbox, { kind: "flags", uids: changed as Uid[], modSeq: op.modSeq as ModSeq });
    }
    return { ...NONE, uids: changed, modSeq: mailbox.counters.highestModSeq };
  }
  /** Bounded, so that a large account goes in many records with others between them. */
  #purge(op: OpOf<"purge">): OpOutcome {
    this.#view.flush();
    const { index } = this.#view;
    let removed = 0;
    let steps = 0;
    const mailboxes = () => mailboxesIn(index, op.account);
    for (const { mailbox: number } of mailboxes()) {
      const mailbox = this.#view.mailbox(op.account, number);
      if (mailbox !== null && mailbox.counters.messages > 0) {
        const rows = readBlocks(index.range({ ...rowsFrom(op.account, number, 0), limit: op.limit }));
        const some = rows.slice(0, op.limit - removed).map(({ uid }) => uid);
        removed += this.#expunge(op.account, number, some, mailbox.counters.highestModSeq + 1).uids.length;
      }
      if (removed >= op.limit || ++steps >= op.limit) return { ...NONE, removed, more: true };
    }
    // No message is left: what is known of the mailboxes goes too, and none of their names can bring an old UID back.
    this.#view.flush();
    for (const { mailbox: number } of mailboxes()) {
      const changes = index.range({ ...changesAfter(op.account, number, 0), limit: op.limit });
      for (const change of changes) index.remove(change.key);
      if (changes.length >= op.limit) return { ...NONE, removed, more: true };
      index.remove(mailboxKey(op.account, number));
      this.#header = { ...this.#header, uidValidity: Math.min(this.#header.uidValidity + 1, 0xffff_ffff) };
    }
    return { ...NONE, removed };
  }
  #forget(mailbox: MailboxView, row: StoredRow): void {
    count(mailbox, row, -1);
    const usage = this.#view.usage(mailbox.account);
    usage.bytes -= row.size;
    usage.messages--;
    this.#freed = true;
    this.#view.bodies.release(row.body);
  }
  /** Notes changed UIDs under their MODSEQ; the oldest notes of the mailbox go when there are too many. */
  #remember(mailbox: MailboxView, kind: 1 | 2, uids: readonly number[], modSeq: number): void {
    const { account, number, counters } = mailbox;
    assert(modSeq > counters.highestModSeq, "MODSEQ rises");
    counters.highestModSeq = modSeq;
    encodeChange(kind, uids).forEach((part, i) => {
      this.#view.index.put(changeKey(account, number, modSeq, i), part);
      counters.changeRows++;
    });
    const excess = counters.changeRows - this.limits.changeRowsMax;
    if (excess <= 0) return;
    for (const { key } of this.#view.index.range({ ...changesAfter(account, number, 0), limit: excess })) {
      this.#view.index.remove(key);
      counters.changeRows--;
      counters.changesFloor = readChangeModSeq(key);
    }
  }
  #announce(mailbox: MailboxView, change: MailboxChange): void {
    this.#changes.push({ account: mailbox.account as AccountId, mailbox: mailbox.number, change });
  }
}

function count({ counters }: MailboxView, { flags, size }: { flags: number; size: number }, sign: 1 | -1): void {
  counters.messages += sign;
  counters.size += sign * size;
  if ((flags & Flag.seen) === 0) counters.unseen += sign;
  if ((flags & Flag.deleted) !== 0) counters.deleted += sign;
}
