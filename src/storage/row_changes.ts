import { assert } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { Flag } from "../mail/flag.ts";
import type { MessageAnnotationChange } from "../mail/message_annotation.ts";
import { countOf, type Ranges, rangesOf, rangesOfRising } from "../mail/ranges.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { KeywordChange } from "./account/change.ts";
import type { AnnotationsCopied } from "./account/types.ts";
import { copied, dropAnnotations, hasAnnotations, putAnnotations, readAnnotations } from "./account/annotations.ts";
import { dropColumns } from "./columns/columns.ts";
import { FlagChange, type FlagsDone, type KeywordMoves } from "./flag_change.ts";
import { changeKey, changesAfter, readChangeModSeq } from "./layout/keys.ts";
import { BLOCK_UIDS, type StoredRow } from "./row_block.ts";
import { growSettings } from "./account/settings.ts";
import type { ShardOp } from "./shard_log.ts";
import type { MailboxChange } from "./types.ts";
import { encodeChange } from "./layout/values.ts";
import type { MailboxView, ShardView } from "./view.ts";

/** One change for the listeners. */
export interface Announced {
  readonly account: AccountId;
  readonly mailbox: number;
  readonly change: MailboxChange;
}

/** Notes of changes that a mailbox may have beyond its bound, until they are taken away together. */
export function changeRowsSlack({ changeRowsMax }: { readonly changeRowsMax: number }): number {
  return changeRowsMax >>> 6;
}
/** With so many rows left in a block, what is kept of its indexes goes: the greater part of it may speak of messages that are gone. */
const COLUMNS_GO = [BLOCK_UIDS / 2, BLOCK_UIDS / 8, 0];

/** Messages whose flags changed in one group that one note of changes names. */
const NOTED_UIDS_MAX = 4_096;

/** Changes of flags in a mailbox, which become one note. */
interface Unnoted {
  readonly mailbox: MailboxView;
  readonly uids: Ranges[];
  count: number;
  modSeq: number;
}

type AnnotateOp = Extract<ShardOp, { kind: "annotate" }>;
type FlagsOp = Extract<ShardOp, { kind: "flags" }>;

/** Brings rows into mailboxes, changes them and takes them away, with all that counts them; tells what was done. */
export class RowChanges {
  readonly announced: Announced[] = [];
  /** Whether a body lost a row. */
  freed = false;
  #unnoted: Unnoted | null = null;
  constructor(private readonly view: ShardView, private readonly limits: { readonly changeRowsMax: number }) {}

  /** The row of the next UID of a mailbox. Its body and keywords have been counted. */
  arrive(mailbox: MailboxView, row: StoredRow): void {
    const { counters } = mailbox;
    assert(row.uid === counters.uidNext && row.modSeq >= counters.highestModSeq, "the owner numbers messages in order");
    counters.highestModSeq = row.modSeq;
    this.view.append(mailbox, row);
    count(mailbox, row, 1);
    const usage = this.view.usage(mailbox.account);
    usage.bytes += row.size;
    usage.messages++;
    this.announce(mailbox, { kind: "delivered", uid: row.uid as Uid, modSeq: row.modSeq as ModSeq });
  }
  /** Answers which of the UIDs were there, rising. */
  expunge(mailbox: MailboxView, uids: Ranges, modSeq: number): number[] {
    const gone: number[] = [];
    const annotated = hasAnnotations(this.view.index, placeOf(mailbox));
    for (let i = 0; i < uids.length; i += 2) {
      const [first, last] = [uids[i]!, uids[i + 1]!];
      for (const block of this.view.blocks(mailbox, first, last)) {
        const { rows } = block;
        for (const row of block.take(first, last)) {
          this.#forget(mailbox, row);
          if (annotated) this.#grow(mailbox, -dropAnnotations(this.view.index, { ...placeOf(mailbox), uid: row.uid }));
          gone.push(row.uid);
        }
        const columnsGo = COLUMNS_GO.some((few) => few >= block.rows && few < rows);
        if (columnsGo) dropColumns(this.view.index, placeOf(mailbox), block.number);
      }
    }
    if (gone.length > 0) {
      this.#remember(mailbox, 2, rangesOfRising(gone), modSeq);
      this.announce(mailbox, { kind: "expunged", uids: gone as Uid[], modSeq: modSeq as ModSeq });
    }
    return gone;
  }
  /** Each block is looked through once. */
  flags(mailbox: MailboxView, op: FlagsOp): FlagsDone {
    const { counters } = mailbox;
    const change = new FlagChange(op, this.#keywordMoves(mailbox, op.keywords));
    for (let i = 0; i < op.uids.length; i += 2) {
      const [first, last] = [op.uids[i]!, op.uids[i + 1]!];
      let next = first;
      for (const block of this.view.blocks(mailbox, first, last)) {
        const [from, to] = [block.number * BLOCK_UIDS, (block.number + 1) * BLOCK_UIDS - 1];
        if (from > next) change.didMiss(next, from - 1);
        next = Math.min(last, to) + 1;
        block.change(Math.max(first, from), next - 1, change);
      }
      if (next <= last) change.didMiss(next, last);
    }
    change.end();
    counters.unseen += change.unseen;
    counters.deleted += change.deleted;
    if (change.changed.length > 0) {
      this.#noteFlags(mailbox, change.changed, op.modSeq);
      this.announce(mailbox, { kind: "flags", uids: change.changed, modSeq: op.modSeq as ModSeq });
    }
    return change;
  }
  /** Notes what changes of flags have left to be noted; before changes of other kinds, and at the end of a record. */
  settle(): void {
    const unnoted = this.#unnoted;
    if (unnoted === null) return;
    this.#unnoted = null;
    const { mailbox, uids, modSeq } = unnoted;
    this.#note(mailbox, 1, uids.length === 1 ? uids[0]! : rangesOf(uids.flat(), 0), modSeq);
  }
  annotate(mailbox: MailboxView, op: AnnotateOp): FlagsDone {
    const changed: number[] = [];
    const modified: number[] = [];
    const missing: number[] = [];
    for (const uid of op.uids) {
      const block = this.view.block(mailbox, uid);
      const index = block.find(uid);
      if (index < 0) missing.push(uid);
      else if (op.unchangedSince !== null && block.row(index).modSeq > op.unchangedSince) modified.push(uid);
      else if (this.putAnnotations(mailbox, uid, op.changes)) {
        block.touch(index, op.modSeq);
        changed.push(uid);
      }
    }
    const uids = rangesOfRising(changed);
    if (uids.length > 0) {
      this.#remember(mailbox, 1, uids, op.modSeq);
      const annotations = op.changes.map(({ entry, scope }) => ({ entry, scope }));
      this.announce(mailbox, { kind: "flags", uids, modSeq: op.modSeq as ModSeq, annotations });
    }
    return { changed: uids, modified, missing: rangesOfRising(missing) };
  }
  /** Whether that made a difference. */
  putAnnotations(mailbox: MailboxView, uid: number, changes: readonly MessageAnnotationChange[]): boolean {
    const grown = putAnnotations(this.view.index, { ...placeOf(mailbox), uid }, changes);
    this.#grow(mailbox, grown ?? 0);
    return grown !== null;
  }
  copyAnnotations(
    from: MailboxView,
    to: MailboxView,
    { uids, first, how }: {
      readonly uids: readonly number[];
      readonly first: number;
      readonly how: AnnotationsCopied;
    },
  ): void {
    const places = new Map(uids.map((uid, at) => [uid, first + at]));
    const [low, high] = [uids[0] ?? 1, uids.at(-1) ?? 0];
    for (const { uid, annotations } of readAnnotations(this.view.index, placeOf(from), low, high)) {
      const place = places.get(uid);
      if (place !== undefined) this.putAnnotations(to, place, copied(annotations, how));
    }
  }
  announce({ account, number }: MailboxView, change: MailboxChange): void {
    this.announced.push({ account: account as AccountId, mailbox: number, change });
  }
  #grow({ account }: MailboxView, bytes: number): void {
    growSettings(this.view.index, account, bytes);
  }
  #forget(mailbox: MailboxView, row: StoredRow): void {
    count(mailbox, row, -1);
    const usage = this.view.usage(mailbox.account);
    usage.bytes -= row.size;
    usage.messages--;
    this.freed = true;
    this.view.bodies.release(row.body);
    if (row.keywords > 0) this.view.keywords(mailbox).release(row.keywords);
  }
  #keywordMoves(mailbox: MailboxView, keywords: KeywordChange | null): KeywordMoves | null {
    if (keywords === null || !namesAny(keywords)) return null;
    const table = this.view.keywords(mailbox);
    return { change: (set) => table.change(set, keywords), move: (from, to, rows) => table.move(from, to, rows) };
  }
  /**
   * Those of one record are one note, under the last of their MODSEQs: who reads it from one between them on sees by the rows which
   * of them are meant.
   */
  #noteFlags(mailbox: MailboxView, uids: Ranges, modSeq: number): void {
    raise(mailbox, modSeq);
    const count = countOf(uids);
    const before = this.#unnoted;
    if (before !== null && before.mailbox === mailbox && before.count + count <= NOTED_UIDS_MAX) {
      before.uids.push(uids);
      before.count += count;
      before.modSeq = modSeq;
    } else {
      this.settle();
      this.#unnoted = { mailbox, uids: [uids], count, modSeq };
    }
  }
  #remember(mailbox: MailboxView, kind: 1 | 2, uids: Ranges, modSeq: number): void {
    raise(mailbox, modSeq);
    this.#note(mailbox, kind, uids, modSeq);
  }
  /** Notes changed UIDs under their MODSEQ; the oldest notes of the mailbox go when there are too many. */
  #note(mailbox: MailboxView, kind: 1 | 2, uids: Ranges, modSeq: number): void {
    const { account, number, counters } = mailbox;
    encodeChange(kind, uids).forEach((part, i) => {
      this.view.index.put(changeKey(account, number, modSeq, i), part);
      counters.changeRows++;
    });
    const excess = counters.changeRows - this.limits.changeRowsMax;
    // Many at a time: to find the first of them costs more than to take them away.
    if (excess <= changeRowsSlack(this.limits)) return;
    for (const { key } of this.view.index.range({ ...changesAfter(account, number, 0), limit: excess })) {
      this.view.index.remove(key);
      counters.changeRows--;
      counters.changesFloor = readChangeModSeq(key);
    }
  }
}

function raise({ counters }: MailboxView, modSeq: number): void {
  assert(modSeq > counters.highestModSeq, "MODSEQ rises");
  counters.highestModSeq = modSeq;
}

function namesAny({ replace, add, remove }: KeywordChange): boolean {
  return replace || add.length > 0 || remove.length > 0;
}

function placeOf({ account, number }: MailboxView): { readonly account: string; readonly mailbox: number } {
  return { account, mailbox: number };
}

function count({ counters }: MailboxView, { flags, size }: { flags: number; size: number }, sign: 1 | -1): void {
  counters.messages += sign;
  counters.size += sign * size;
  if ((flags & Flag.seen) === 0) counters.unseen += sign;
  if ((flags & Flag.deleted) !== 0) counters.deleted += sign;
}
