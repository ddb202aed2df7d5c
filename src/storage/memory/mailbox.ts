import type { AccountId } from "../../mail/account.ts";
import { Flag } from "../../mail/flag.ts";
import type { MessageAnnotation } from "../../mail/message_annotation.ts";
import { isIn, type Ranges, rangesOfRising, without } from "../../mail/ranges.ts";
import type { ModSeq, Uid } from "../../mail/uid.ts";
import { foldKeyword, sortKeywords } from "../account/change.ts";
import type { AnnotateChange } from "../account/annotation_change.ts";
import type { FlagsChange } from "../change.ts";
import { annotated, annotationName, bytesOfAll, isSame } from "../account/annotations.ts";
import type { FullRow } from "../account/types.ts";
import type { MailboxChange } from "../types.ts";

/** A content, shared by all rows that show it. */
export interface MemoryBody {
  readonly content: number;
  readonly bytes: Uint8Array;
  readonly index: Uint8Array | null;
}

export interface MemoryMessage {
  row: FullRow;
  readonly body: MemoryBody;
  annotations: readonly MessageAnnotation[];
}

/** What a new row is made with. */
export interface MemoryArrival {
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly internalDateMs: number;
  readonly savedMs: number;
  readonly body: MemoryBody;
  readonly annotations?: readonly MessageAnnotation[];
}

/** How a change of flags ended. */
export interface MemoryStored {
  readonly changed: Ranges;
  readonly modified: readonly Uid[];
  readonly missing: Ranges;
}

/** Messages of one mailbox, in a map by UID. */
export class MemoryMailbox {
  uidNext = 1;
  modSeq = 1;
  readonly messages = new Map<number, MemoryMessage>();
  readonly expunged: { readonly uid: number; readonly modSeq: number }[] = [];
  /** Keywords in use by their folded names: as they are spelt, and how many messages have them. */
  readonly #keywords = new Map<string, { readonly name: string; count: number }>();
  constructor(
    readonly account: AccountId,
    readonly number: number,
    public uidValidity: number,
    private readonly tell: (mailbox: MemoryMailbox, change: MailboxChange) => void,
  ) {}
  get keywords(): string[] {
    return sortKeywords([...this.#keywords.values()].map(({ name }) => name));
  }
  get bytes(): number {
    let bytes = 0;
    for (const { row } of this.messages.values()) bytes += row.size;
    return bytes;
  }
  /** Rows by rising UID. */
  rows(): FullRow[] {
    return [...this.messages.values()].map(({ row }) => row);
  }
  /** How many keywords would be in use with these, too. */
  keywordsWith(names: readonly string[]): number {
    return new Set([...this.#keywords.keys(), ...names.map(foldKeyword)]).size;
  }
  /** Adds messages, all under one MODSEQ. */
  add(arrivals: readonly MemoryArrival[]): Uid[] {
    const modSeq = ++this.modSeq as ModSeq;
    return arrivals.map(({ flags, keywords, internalDateMs, savedMs, body, annotations = [] }) => {
      const uid = this.uidNext++ as Uid;
      const size = body.bytes.length;
      const row: FullRow = {
        uid,
        modSeq,
        flags,
        keywords: this.#take(keywords),
        size,
        internalDateMs,
        savedMs: Math.floor(savedMs / 1_000) * 1_000,
        content: body.content,
      };
      this.messages.set(uid, { row, body, annotations: inOrder(annotations) });
      this.tell(this, { kind: "delivered", uid, modSeq });
      return uid;
    });
  }
  expunge(uids: Iterable<number>): { expunged: Uid[]; modSeq: ModSeq } {
    const expunged: Uid[] = [];
    for (const uid of uids) {
      const message = this.messages.get(uid);
      if (message === undefined) continue;
      this.messages.delete(uid);
      this.#release(message.row.keywords);
      expunged.push(uid as Uid);
    }
    if (expunged.length > 0) {
      const modSeq = ++this.modSeq as ModSeq;
      this.expunged.push(...expunged.map((uid) => ({ uid, modSeq })));
      this.tell(this, { kind: "expunged", uids: expunged, modSeq });
    }
    return { expunged, modSeq: this.modSeq as ModSeq };
  }
  store(
    uids: Ranges,
    change: Pick<FlagsChange, "add" | "remove" | "keywords" | "unchangedSince">,
  ): MemoryStored {
    const named = this.rows().map(({ uid }) => uid).filter((uid) => isIn(uids, uid));
    const [rising, modified]: [Uid[], Uid[]] = [[], []];
    const modSeq = this.modSeq + 1 as ModSeq;
    for (const uid of named) {
      const message = this.messages.get(uid)!;
      if (change.unchangedSince !== null && message.row.modSeq > change.unchangedSince) modified.push(uid);
      else if (this.#set(message, change, modSeq)) rising.push(uid);
    }
    const changed = rangesOfRising(rising);
    if (changed.length > 0) {
      this.modSeq = modSeq;
      this.tell(this, { kind: "flags", uids: changed, modSeq });
    }
    return { changed, modified, missing: without(uids, named) };
  }
  /** Bytes of all annotations. */
  get annotationBytes(): number {
    let bytes = 0;
    for (const { annotations } of this.messages.values()) bytes += bytesOfAll(annotations);
    return bytes;
  }
  /** Messages of these that would be annotated: none that is not there, or changed too late. */
  annotatable(uids: readonly number[], unchangedSince: number | null): MemoryMessage[] {
    return uids.flatMap((uid) => this.messages.get(uid) ?? [])
      .filter(({ row }) => unchangedSince === null || row.modSeq <= unchangedSince);
  }
  annotate(
    { uids, changes, unchangedSince }: Pick<AnnotateChange, "uids" | "changes" | "unchangedSince">,
  ): MemoryStored {
    const [rising, modified, missing]: [Uid[], Uid[], Uid[]] = [[], [], []];
    const modSeq = this.modSeq + 1 as ModSeq;
    for (const uid of uids as Uid[]) {
      const message = this.messages.get(uid);
      if (message === undefined) missing.push(uid);
      else if (unchangedSince !== null && message.row.modSeq > unchangedSince) modified.push(uid);
      else {
        const held = new Map(message.annotations.map((each) => [annotationName(each), each.value]));
        if (changes.every((each) => isSame(held.get(annotationName(each)) ?? null, each.value))) continue;
        message.annotations = inOrder(annotated(message.annotations, changes));
        message.row = { ...message.row, modSeq };
        rising.push(uid);
      }
    }
    const changed = rangesOfRising(rising);
    if (changed.length > 0) {
      this.modSeq = modSeq;
      const annotations = changes.map(({ entry, scope }) => ({ entry, scope }));
      this.tell(this, { kind: "flags", uids: changed, modSeq, annotations });
    }
    return { changed, modified, missing: rangesOfRising(missing) };
  }
  #set(
    message: MemoryMessage,
    { add, remove, keywords: change }: Pick<FlagsChange, "add" | "remove" | "keywords">,
    modSeq: ModSeq,
  ): boolean {
    const { row } = message;
    const flags = (row.flags | add) & ~remove;
    const names = new Map((change.replace ? [] : row.keywords).map((name) => [foldKeyword(name), name]));
    for (const name of change.remove) names.delete(foldKeyword(name));
    for (const name of change.add) names.set(foldKeyword(name), name);
    const same = names.size === row.keywords.length && row.keywords.every((name) => names.has(foldKeyword(name)));
    if (flags === row.flags && same) return false;
    const keywords = same ? row.keywords : this.#take([...names.values()]);
    if (!same) this.#release(row.keywords);
    message.row = { ...row, flags, keywords, modSeq };
    return true;
  }
  /** Counts one more message for each keyword; answers them as they were first spelt. */
  #take(names: readonly string[]): string[] {
    return sortKeywords(names.map((name) => {
      const held = this.#keywords.get(foldKeyword(name)) ?? { name, count: 0 };
      held.count++;
      this.#keywords.set(foldKeyword(name), held);
      return held.name;
    }));
  }
  #release(names: readonly string[]): void {
    for (const name of names) {
      const held = this.#keywords.get(foldKeyword(name))!;
      if (--held.count === 0) this.#keywords.delete(foldKeyword(name));
    }
  }
}

function inOrder(annotations: readonly MessageAnnotation[]): MessageAnnotation[] {
  return annotations.map((each) => ({ ...each, value: each.value.slice() }))
    .sort((a, b) => annotationName(a) < annotationName(b) ? -1 : 1);
}

/** Counters of rows. */
export function countRows(
  rows: readonly FullRow[],
): { messages: number; unseen: number; deleted: number; size: number } {
  return {
    messages: rows.length,
    unseen: rows.filter(({ flags }) => (flags & Flag.seen) === 0).length,
    deleted: rows.filter(({ flags }) => (flags & Flag.deleted) !== 0).length,
    size: rows.reduce((sum, { size }) => sum + size, 0),
  };
}
