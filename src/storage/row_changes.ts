import { assert } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import { Flag } from "../mail/flag.ts";
import type { MessageAnnotationChange } from "../mail/message_annotation.ts";
import type { ModSeq, Uid } from "../mail/uid.ts";
import type { KeywordChange } from "./account_change.ts";
import type { AnnotationsCopied } from "./account_types.ts";
import { copied, dropAnnotations, hasAnnotations, putAnnotations, readAnnotations } from "./annotations.ts";
import { dropColumns } from "./columns.ts";
import { changeKey, changesAfter, readChangeModSeq } from "./keys.ts";
import { BLOCK_UIDS, type RowBlock, type StoredRow } from "./row_block.ts";
import { growSettings } from "./settings.ts";
import type { ShardOp } from "./shard_log.ts";
import type { MailboxChange } from "./types.ts";
import { encodeChange } from "./values.ts";
import type { MailboxView, ShardView } from "./view.ts";

/** One change for the listeners. */
export interface Announced {
  readonly account: AccountId;
  readonly mailbox: number;
  readonly change: MailboxChange;
}

/** What a change of flags did. */
export interface FlagsDone {
  readonly changed: number[];
  readonly modified: number[];
  readonly missing: number[];
}

/** Notes of changes that a mailbox may have beyond its bound, until they are taken away together. */
export function changeRowsSlack({ changeRowsMax }: { readonly changeRowsMax: number }): number {
  return changeRowsMax >>> 6;
}
/** With so many rows left in a block, what is kept of its indexes goes: the greater part of it may speak of messages that are gone. */
const COLUMNS_GO: ReadonlySet<number> = new Set([BLOCK_UIDS / 2, BLOCK_UIDS / 8, 0]);

/** Messages whose flags changed in one group that one note of changes names. */
const NOTED_UIDS_MAX = 4_096;

/** Changes of flags in a mailbox, which become one note. */
interface Unnoted {
  readonly mailbox: MailboxView;
  readonly uids: (readonly number[])[];
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
  /** Answers which of the UIDs were there. */
  expunge(mailbox: MailboxView, uids: readonly number[], modSeq: number): number[] {
    const gone: number[] = [];
    const annotated = hasAnnotations(this.view.index, placeOf(mailbox));
    for (const uid of uids) {
      const block = this.view.block(mailbox, uid);
      const index = block.find(uid);
      if (index < 0) continue;
      this.#forget(mailbox, block.row(index));
      block.remove(index);
      if (COLUMNS_GO.has(block.rows)) dropColumns(this.view.index, placeOf(mailbox), block.number);
      if (annotated) this.#grow(mailbox, -dropAnnotations(this.view.index, { ...placeOf(mailbox), uid }));
      gone.push(uid);
    }
    if (gone.length > 0) {
      this.#remember(mailbox, 2, gone, modSeq);
      this.announce(mailbox, { kind: "expunged", uids: gone as Uid[], modSeq: modSeq as ModSeq });
    }
    return gone;
  }
  /** UIDs rise: each block is looked through once. */
  flags(mailbox: MailboxView, op: FlagsOp): FlagsDone {
    const done: FlagsDone = { changed: [], modified: [], missing: [] };
    const { counters } = mailbox;
    const unchangedSince = op.unchangedSince ?? Infinity;
    let block: RowBlock | null = null;
    let [end, next] = [0, 0];
    const names = namesAny(op.keywords) ? op.keywords : null;
    /** The last set of keywords that was changed, and to which: of most messages it is the same. */
    let [from, to] = [-1, -1];
    for (const uid of op.uids) {
      if (block === null || uid >= end) {
        block = this.view.block(mailbox, uid);
        end = (block.number + 1) * BLOCK_UIDS;
        next = 0;
      }
      const index = block.find(uid, next);
      if (index < 0) {
        done.missing.push(uid);
        continue;
      }
      next = index + 1;
      if (block.modSeqAt(index) > unchangedSince) {
        done.modified.push(uid);
        continue;
      }
      const [before, held] = [block.flagsAt(index), block.keywordsAt(index)];
      const flags = (before | op.add) & ~op.remove;
      let keywords = held;
      if (names !== null && held === from) {
        keywords = to;
        if (from !== to) this.view.keywords(mailbox).move(from, to);
      } else if (names !== null) {
        keywords = this.view.keywords(mailbox).change(held, names);
        [from, to] = [held, keywords];
      }
      if (flags === before && keywords === held) continue;
      block.set(index, { flags, keywords, modSeq: op.modSeq });
      counters.unseen += Number((flags & Flag.seen) === 0) - Number((before & Flag.seen) === 0);
      counters.deleted += Number((flags & Flag.deleted) !== 0) - Number((before & Flag.deleted) !== 0);
      done.changed.push(uid);
    }
    if (done.changed.length > 0) {
      this.#noteFlags(mailbox, done.changed, op.modSeq);
      this.announce(mailbox, { kind: "flags", uids: done.changed as Uid[], modSeq: op.modSeq as ModSeq });
    }
    return done;
  }
  /** Notes what changes of flags have left to be noted; before changes of other kinds, and at the end of a record. */
  settle(): void {
    const unnoted = this.#unnoted;
    if (unnoted === null) return;
    this.#unnoted = null;
    const { mailbox, uids, modSeq } = unnoted;
    this.#note(mailbox, 1, uids.length === 1 ? uids[0]! : rising(uids.flat()), modSeq);
  }
  annotate(mailbox: MailboxView, op: AnnotateOp): FlagsDone {
    const done: FlagsDone = { changed: [], modified: [], missing: [] };
    for (const uid of op.uids) {
      const block = this.view.block(mailbox, uid);
      const index = block.find(uid);
      if (index < 0) {
        done.missing.push(uid);
        continue;
      }
      const { flags, keywords, modSeq } = block.row(index);
      if (op.unchangedSince !== null && modSeq > op.unchangedSince) done.modified.push(uid);
      else if (this.putAnnotations(mailbox, uid, op.changes)) {
        block.set(index, { flags, keywords, modSeq: op.modSeq });
        done.changed.push(uid);
      }
    }
    if (done.changed.length > 0) {
      this.#remember(mailbox, 1, done.changed, op.modSeq);
      const annotations = op.changes.map(({ entry, scope }) => ({ entry, scope }));
      const [uids, modSeq] = [done.changed as Uid[], op.modSeq as ModSeq];
      this.announce(mailbox, { kind: "flags", uids, modSeq, annotations });
    }
    return done;
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
  /**
   * Those of one record are one note, under the last of their MODSEQs: who reads it from one between them on sees by the rows which
   * of them are meant.
   */
  #noteFlags(mailbox: MailboxView, uids: readonly number[], modSeq: number): void {
    raise(mailbox, modSeq);
    const before = this.#unnoted;
    if (before !== null && before.mailbox === mailbox && before.count + uids.length <= NOTED_UIDS_MAX) {
      before.uids.push(uids);
      before.count += uids.length;
      before.modSeq = modSeq;
    } else {
      this.settle();
      this.#unnoted = { mailbox, uids: [uids], count: uids.length, modSeq };
    }
  }
  #remember(mailbox: MailboxView, kind: 1 | 2, uids: readonly number[], modSeq: number): void {
    raise(mailbox, modSeq);
    this.#note(mailbox, kind, uids, modSeq);
  }
  /** Notes changed UIDs under their MODSEQ; the oldest notes of the mailbox go when there are too many. */
  #note(mailbox: MailboxView, kind: 1 | 2, uids: readonly number[], modSeq: number): void {
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

/** UIDs in order, each once. */
function rising(uids: number[]): number[] {
  return uids.sort((a, b) => a - b).filter((uid, i) => uid !== uids[i - 1]);
}

function namesAny(keywords: KeywordChange | null): boolean {
  return keywords !== null && (keywords.replace || keywords.add.length > 0 || keywords.remove.length > 0);
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
