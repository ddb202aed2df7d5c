import { crc32c } from "@node-rs/crc32";
import { asFailure, Failure } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { Pieces } from "../../mail/pieces.ts";
import { countOf, numbersIn, type Ranges, rangesOfRising } from "../../mail/ranges.ts";
import type { RowColumns } from "../../mail/row_columns.ts";
import type { ModSeq, Uid, UidValidity } from "../../mail/uid.ts";
import type { SettingKind } from "../account/change.ts";
import type {
  AnnotationsOf,
  BlockCounts,
  ColumnOf,
  ContentsWanted,
  FullRow,
  RowRanges,
  RowsWanted,
} from "../account/types.ts";
import { readAnnotations } from "../account/annotations.ts";
import { readBlockCounts } from "./block_counts.ts";
import { guarded } from "../disk/disk_failure.ts";
import { bodyKey, changesAfter, mailboxKey, readChangeModSeq, rowsFrom, rowsKey, usageKey } from "../layout/keys.ts";
import { KeywordTable, NO_KEYWORDS } from "../account/keyword_table.ts";
import type { KeptColumns } from "../columns/kept.ts";
import { KeptKeywords } from "../account/kept_keywords.ts";
import type { StoreLimits } from "../limits.ts";
import { PageReader } from "./page_reader.ts";
import { BLOCK_UIDS, fullRow, publicRow, readBlocks, RowBlock, type StoredRow } from "../row_block.ts";
import { changeRowsSlack } from "../row_changes.ts";
import { readSettings } from "../account/settings.ts";
import { sharedIn } from "../mailboxes.ts";
import type { ShardState } from "../shard_state.ts";
import { TreeRows } from "../account/tree_rows.ts";
import type { ChangesSince, FetchRange, MailboxStatus, MessageRow } from "../types.ts";
import {
  type BodyPlace,
  decodeBody,
  decodeChange,
  decodeMailbox,
  decodeUsage,
  type MailboxCounters,
  type Usage,
} from "../layout/values.ts";

/** Bodies are checked in pieces of this size. */
const CHECK_BYTES = 1024 * 1024;

/** Answers questions about a shard from committed state, synchronously. Keeps no rows in memory. */
export class ShardReader {
  /** Bodies whose checksum was right, oldest first. */
  readonly #checked = new Set<number>();
  readonly #pages: PageReader;
  readonly #keywords: KeptKeywords;
  constructor(
    private readonly state: ShardState,
    private readonly limits: StoreLimits,
    private readonly kept: KeptColumns | null = null,
  ) {
    this.#pages = new PageReader(state, kept);
    this.#keywords = new KeptKeywords(state.index);
  }

  status(account: AccountId, mailbox: number): MailboxStatus {
    return guarded(() => {
      const counters = this.#counters(account, mailbox);
      return {
        uidValidity: (counters?.uidValidity ?? this.state.header.uidValidity) as UidValidity,
        uidNext: (counters?.uidNext ?? 1) as Uid,
        highestModSeq: (counters?.highestModSeq ?? 1) as ModSeq,
        messages: counters?.messages ?? 0,
        unseen: counters?.unseen ?? 0,
        deleted: counters?.deleted ?? 0,
        size: counters?.size ?? 0,
      };
    });
  }
  usage(account: AccountId): Usage {
    return guarded(() => {
      const stored = this.state.index.get(usageKey(account));
      return stored === undefined ? { bytes: 0, messages: 0 } : decodeUsage(stored);
    });
  }
  list(account: AccountId, mailbox: number, after: number, limit: number): { rows: MessageRow[]; more: boolean } {
    const { rows, more } = this.#page(account, mailbox, after, limit);
    const names = this.#names(account, mailbox);
    return { rows: rows.map((row) => publicRow(row, names(row.keywords))), more };
  }
  rowsAt(
    account: AccountId,
    mailbox: number,
    after: number,
    wanted: RowsWanted,
  ): { rows: FullRow[]; more: boolean } {
    return guarded(() => {
      const page = this.#page(account, mailbox, after, wanted.limit);
      const names = this.#names(account, mailbox);
      if (!wanted.index) return { rows: page.rows.map((row) => fullRow(row, names(row.keywords))), more: page.more };
      const rows: FullRow[] = [];
      let bytes = 0;
      for (const row of page.rows) {
        if (bytes > this.limits.rowsIndexBytesMax) return { rows, more: true };
        const index = this.#index(row);
        bytes += index?.length ?? 0;
        rows.push({ ...fullRow(row, names(row.keywords)), index });
      }
      return { rows, more: page.more };
    });
  }
  fillRows(account: AccountId, mailbox: number, wanted: RowRanges, into: RowColumns): number | null {
    return guarded(() => this.#pages.fillRows(account, mailbox, wanted, into));
  }
  contents(wanted: ContentsWanted): Pieces {
    return guarded(() => this.#pages.contents(wanted));
  }
  columnBytes(of: ColumnOf, uid: number): number {
    return guarded(() => this.kept?.meanBytes(of, uid) ?? 0);
  }
  keywordSet(account: AccountId, mailbox: number, set: number): readonly string[] {
    return this.#names(account, mailbox)(set);
  }
  blockCounts(account: AccountId, mailbox: number): BlockCounts {
    return guarded(() => {
      const counters = this.#counters(account, mailbox);
      if (counters === null) return { blocks: new Uint32Array(), rows: new Uint8Array() };
      return readBlockCounts(this.state.index, { account, mailbox }, counters);
    });
  }
  /** The same list as long as no keyword of the shard has changed. */
  keywords(account: AccountId, mailbox: number): readonly string[] {
    return guarded(() => {
      if (this.#counters(account, mailbox) === null) return [];
      return this.#keywords.of(account, mailbox, this.state.keywordChanges);
    });
  }
  tree(account: AccountId): Pick<TreeRows, "nodes" | "node"> {
    return guarded(() => {
      const rows = new TreeRows(this.state.index, account);
      return { nodes: () => guarded(() => rows.nodes()), node: (name) => guarded(() => rows.node(name)) };
    });
  }
  shared(): { account: AccountId; mailbox: number }[] {
    return guarded(() => [...sharedIn(this.state.index)]) as { account: AccountId; mailbox: number }[];
  }
  settings(account: AccountId, mailbox: number, kind: SettingKind): [string, Uint8Array][] {
    return guarded(() => {
      const removed = mailbox !== 0 && this.isRemoved(account, mailbox);
      return removed ? [] : readSettings(this.state.index, account, mailbox, kind);
    });
  }
  annotations(account: AccountId, mailbox: number, first: number, last: number): AnnotationsOf[] {
    return guarded(() => {
      const removed = this.isRemoved(account, mailbox);
      return removed ? [] : readAnnotations(this.state.index, { account, mailbox }, first, last);
    });
  }
  fetchIndex(account: AccountId, mailbox: number, uid: number): Uint8Array | null {
    return guarded(() => this.#index(this.#row(account, mailbox, uid)));
  }
  /** At least the next `count` rows with a UID above `after`, if there are so many. */
  rows(account: string, mailbox: number, after: number, count: number): StoredRow[] {
    return guarded(() => {
      const rows: StoredRow[] = [];
      if (this.isRemoved(account, mailbox)) return rows;
      let uid = Math.max(0, Math.floor(after)) + 1;
      while (rows.length < count && uid <= 0xffff_ffff) {
        const limit = Math.ceil((count - rows.length) / BLOCK_UIDS) + 1;
        const stored = this.state.index.range({ ...rowsFrom(account, mailbox, Math.floor(uid / BLOCK_UIDS)), limit });
        for (const row of readBlocks(stored)) if (row.uid >= uid) rows.push(row);
        if (stored.length < limit) break;
        uid = (Math.floor(rows.at(-1)!.uid / BLOCK_UIDS) + 1) * BLOCK_UIDS;
      }
      return rows;
    });
  }
  fetch(account: AccountId, mailbox: number, range: FetchRange): { bytes: Uint8Array; size: number } {
    return guarded(() => {
      const row = this.#row(account, mailbox, range.uid);
      const offset = Math.min(row.size, Math.max(0, Math.floor(range.offset) || 0));
      const length = Math.min(row.size - offset, Math.max(0, Math.floor(range.length) || 0));
      return { bytes: this.#bytes(row, offset, length), size: row.size };
    });
  }
  /** Reads a message whole, in pieces, and throws Failure `corrupt` when its checksum is wrong. */
  check(row: StoredRow): void {
    guarded(() => {
      const place = this.#place(row);
      this.#check(row.body, place);
      if (place.indexBytes > 0 && this.#readIndex(place) === null) {
        throw new Failure("corrupt", "the checksum of the message's MIME index is wrong");
      }
    });
  }
  changes(account: AccountId, mailbox: number, since: number): ChangesSince | null {
    return guarded(() => {
      const counters = this.#counters(account, mailbox);
      if (counters === null) return { changed: [], expunged: [], highestModSeq: 1 as ModSeq };
      if (since < counters.changesFloor) return null;
      const changed = new Set<number>();
      const expunged = new Set<number>();
      const range = {
        ...changesAfter(account, mailbox, since),
        limit: this.limits.changeRowsMax + changeRowsSlack(this.limits) + 1,
      };
      /** The first note, which may name what changed before, too. */
      let first = 0;
      for (const { key, value } of this.state.index.range(range)) {
        const modSeq = readChangeModSeq(key);
        if (modSeq <= since) continue;
        if (first === 0) first = modSeq;
        const { kind, uids: noted } = decodeChange(value);
        // Of more at once it is not looked which.
        if (countOf(noted) > this.limits.changedUidsMax) return null;
        const uids = kind === "flags" && modSeq === first ? this.#changedSince(account, mailbox, noted, since) : noted;
        for (const uid of numbersIn(uids)) (kind === "flags" ? changed : expunged).add(uid);
        if (changed.size + expunged.size > this.limits.changedUidsMax) return null;
      }
      this.#addDelivered(account, mailbox, since, changed);
      if (changed.size + expunged.size > this.limits.changedUidsMax) return null;
      const rising = (uids: Iterable<number>) => [...uids].sort((a, b) => a - b) as Uid[];
      return {
        changed: rising(changed).filter((uid) => !expunged.has(uid)),
        expunged: rising(expunged),
        highestModSeq: counters.highestModSeq as ModSeq,
      };
    });
  }
  /** Of UIDs those whose rows have a higher MODSEQ. */
  #changedSince(account: string, mailbox: number, uids: Ranges, since: number): Ranges {
    let block: RowBlock | null = null;
    const changed = [...numbersIn(uids)].filter((uid) => {
      const number = Math.floor(uid / BLOCK_UIDS);
      if (block?.number !== number) {
        block = new RowBlock(number, this.state.index.get(rowsKey(account, mailbox, number)));
      }
      const index = block.find(uid);
      return index >= 0 && block.row(index).modSeq > since;
    });
    return rangesOfRising(changed);
  }
  /**
   * UIDs rise with the MODSEQ of their delivery. So, from the end back, the first row that has not changed since was
   * delivered before, and so was all below it. Ends when there are more than one answer names.
   */
  #addDelivered(account: string, mailbox: number, since: number, changed: Set<number>): void {
    const { start, end } = rowsFrom(account, mailbox, 0);
    for (let before = end;;) {
      const stored = this.state.index.range({ start, end: before, limit: 16, reverse: true });
      for (const entry of stored) {
        for (const row of readBlocks([entry]).reverse()) {
          if (row.modSeq <= since) return;
          changed.add(row.uid);
        }
      }
      const last = stored.at(-1);
      if (last === undefined || stored.length < 16 || changed.size > this.limits.changedUidsMax) return;
      before = last.key;
    }
  }
  #counters(account: string, mailbox: number): MailboxCounters | null {
    const stored = this.state.index.get(mailboxKey(account, mailbox));
    const counters = stored === undefined ? null : decodeMailbox(stored);
    return counters?.form === "removed" ? null : counters;
  }
  /** Whether a mailbox is gone while rows of it are left. */
  isRemoved(account: string, mailbox: number): boolean {
    const stored = this.state.index.get(mailboxKey(account, mailbox));
    return stored !== undefined && decodeMailbox(stored).form === "removed";
  }
  #page(account: string, mailbox: number, after: number, limit: number): { rows: StoredRow[]; more: boolean } {
    const wanted = Math.max(0, Math.min(limit, this.limits.listRowsMax)) || 0;
    const rows = this.rows(account, mailbox, after, wanted + 1);
    return { rows: rows.slice(0, wanted), more: rows.length > wanted };
  }
  #row(account: string, mailbox: number, uid: number): StoredRow {
    const number = Math.floor(uid / BLOCK_UIDS);
    const block = new RowBlock(number, this.state.index.get(rowsKey(account, mailbox, number)));
    const at = block.find(uid);
    if (at < 0 || !Number.isInteger(uid) || this.isRemoved(account, mailbox)) {
      throw new Failure("not_found", "the message is gone");
    }
    return block.row(at);
  }
  /** The names of sets of keywords, each read once. */
  #names(account: string, mailbox: number): (set: number) => readonly string[] {
    const table = new KeywordTable(this.state.index, account, mailbox);
    const known = new Map<number, readonly string[]>([[NO_KEYWORDS, []]]);
    return (set) => {
      const names = known.get(set) ?? guarded(() => table.names(set));
      known.set(set, names);
      return names;
    };
  }
  /** Null when none was made, or it is damaged: the message is whole without it. */
  #index(row: StoredRow): Uint8Array | null {
    const stored = this.state.index.get(bodyKey(row.body));
    const place = stored === undefined ? null : decodeBody(stored);
    return place === null || place.indexBytes === 0 ? null : this.#readIndex(place);
  }
  #readIndex(place: BodyPlace): Uint8Array | null {
    try {
      const { bytes, crc } = this.state.segments.readIndex(place, place);
      return crc32c(bytes) === crc ? bytes : null;
    } catch (error) {
      if (asFailure(error)?.kind === "corrupt" || (error as { code?: unknown }).code === "ENOENT") return null;
      throw error;
    }
  }
  #place(row: StoredRow): BodyPlace {
    const stored = this.state.index.get(bodyKey(row.body));
    if (stored === undefined) throw new Failure("corrupt", "nothing says where the body of the message lies");
    const place = decodeBody(stored);
    if (place.length !== row.size) throw new Failure("corrupt", "row and body of the message differ in size");
    return place;
  }
  #bytes(row: StoredRow, offset: number, length: number): Uint8Array {
    const place = this.#place(row);
    if (place.length <= CHECK_BYTES && (length === place.length || !this.#checked.has(row.body))) {
      const all = this.#readWhole(row.body, place);
      return length === place.length ? all : all.slice(offset, offset + length);
    }
    if (length === place.length) return this.#readWhole(row.body, place);
    if (!this.#checked.has(row.body)) this.#check(row.body, place);
    return this.#read(place, offset, length);
  }
  #readWhole(body: number, place: BodyPlace): Uint8Array {
    const all = this.#read(place, 0, place.length);
    this.#judge(body, crc32c(all) === place.crc);
    return all;
  }
  #check(body: number, place: BodyPlace): void {
    let crc = 0;
    for (let at = 0; at < place.length; at += CHECK_BYTES) {
      crc = crc32c(this.#read(place, at, Math.min(CHECK_BYTES, place.length - at)), crc);
    }
    this.#judge(body, crc >>> 0 === place.crc);
  }
  #judge(body: number, right: boolean): void {
    if (!right) {
      this.#checked.delete(body);
      throw new Failure("corrupt", "the checksum of the message is wrong");
    }
    this.#checked.add(body);
    const oldest = this.#checked.values().next();
    if (this.#checked.size > this.limits.checkedBodiesMax && !oldest.done) this.#checked.delete(oldest.value);
  }
  #read(place: BodyPlace, from: number, length: number): Uint8Array {
    try {
      return this.state.segments.read(place, from, length);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") {
        throw new Failure("corrupt", "the segment file is gone", { cause: error });
      }
      throw error;
    }
  }
}
