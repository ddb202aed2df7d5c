import { crc32c } from "@node-rs/crc32";
import { Failure } from "../base/mod.ts";
import type { AccountId } from "../mail/account.ts";
import type { ModSeq, Uid, UidValidity } from "../mail/uid.ts";
import { guarded } from "./disk_failure.ts";
import { bodyKey, changesAfter, mailboxKey, readChangeModSeq, rowsFrom, rowsKey, usageKey } from "./keys.ts";
import type { StoreLimits } from "./limits.ts";
import type { ShardState } from "./shard_state.ts";
import type { ChangesSince, FetchRange, MailboxStatus, MessageRow } from "./types.ts";
import {
  BLOCK_UIDS,
  type BodyPlace,
  decodeBody,
  decodeChange,
  decodeMailbox,
  decodeUsage,
  type MailboxCounters,
  publicRow,
  readBlocks,
  RowBlock,
  type StoredRow,
  type Usage,
} from "./values.ts";

/** Bodies are checked in pieces of this size. */
const CHECK_BYTES = 1024 * 1024;

/** Answers questions about a shard from committed state, synchronously. Keeps no rows in memory. */
export class ShardReader {
  /** Bodies whose checksum was right, oldest first. */
  readonly #checked = new Set<number>();
  constructor(private readonly state: ShardState, private readonly limits: StoreLimits) {}

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
    const wanted = Math.max(0, Math.min(limit, this.limits.listRowsMax));
    const rows: MessageRow[] = [];
    for (const row of this.rows(account, mailbox, after, wanted + 1)) {
      if (rows.length === wanted) return { rows, more: true };
      rows.push(publicRow(row));
    }
    return { rows, more: false };
  }
  /** At least the next `count` rows with a UID above `after`, if there are so many. */
  rows(account: string, mailbox: number, after: number, count: number): StoredRow[] {
    return guarded(() => {
      const rows: StoredRow[] = [];
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
      const number = Math.floor(range.uid / BLOCK_UIDS);
      const block = new RowBlock(number, this.state.index.get(rowsKey(account, mailbox, number)));
      const at = block.find(range.uid);
      if (at < 0 || !Number.isInteger(range.uid)) throw new Failure("not_found", "the message is gone");
      const row = block.row(at);
      const offset = Math.min(row.size, Math.max(0, Math.floor(range.offset) || 0));
      const length = Math.min(row.size - offset, Math.max(0, Math.floor(range.length) || 0));
      return { bytes: this.#bytes(row, offset, length), size: row.size };
    });
  }
  /** Reads a message whole, in pieces, and throws Failure `corrupt` when its checksum is wrong. */
  check(row: StoredRow): void {
    guarded(() => this.#check(row.body, this.#place(row)));
  }
  changes(account: AccountId, mailbox: number, since: number): ChangesSince | null {
    return guarded(() => {
      const counters = this.#counters(account, mailbox);
      if (counters === null) return { changed: [], expunged: [], highestModSeq: 1 as ModSeq };
      if (since < counters.changesFloor) return null;
      const changed = new Set<number>();
      const expunged = new Set<number>();
      const range = { ...changesAfter(account, mailbox, since), limit: this.limits.changeRowsMax + 1 };
      for (const { key, value } of this.state.index.range(range)) {
        if (readChangeModSeq(key) <= since) continue;
        const { kind, uids } = decodeChange(value);
        for (const uid of uids) (kind === "flags" ? changed : expunged).add(uid);
      }
      this.#addDelivered(account, mailbox, since, changed);
      const rising = (uids: Iterable<number>) => [...uids].sort((a, b) => a - b) as Uid[];
      return {
        changed: rising(changed).filter((uid) => !expunged.has(uid)),
        expunged: rising(expunged),
        highestModSeq: counters.highestModSeq as ModSeq,
      };
    });
  }
  /**
   * UIDs rise with the MODSEQ of their delivery. So, from the end back, the first row that has not changed since was
   * delivered before, and so was all below it.
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
      if (last === undefined || stored.length < 16) return;
      before = last.key;
    }
  }
  #counters(account: string, mailbox: number): MailboxCounters | null {
    const stored = this.state.index.get(mailboxKey(account, mailbox));
    return stored === undefined ? null : decodeMailbox(stored);
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
