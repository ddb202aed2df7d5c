import { countBlocks, newestBlock, putBlockCounts, readBlockCounts } from "./reading/block_counts.ts";
import { BodyView } from "./reading/body_view.ts";
import type { IndexEnv } from "./disk/index_env.ts";
import { mailboxKey, rowsKey, treeKey, usageKey } from "./layout/keys.ts";
import { KeywordTable } from "./account/keyword_table.ts";
import { BLOCK_UIDS, RowBlock, type StoredRow } from "./row_block.ts";
import { RowRoom } from "./row_room.ts";
import {
  decodeMailbox,
  decodeUsage,
  encodeMailbox,
  encodeUsage,
  type MailboxCounters,
  type Usage,
} from "./layout/values.ts";

/** So many blocks are looked up one by one: of more it is asked first which of them have rows. */
const FEW_BLOCKS = 64;

/** What a change holds of one mailbox. */
export interface MailboxView {
  readonly account: string;
  readonly number: number;
  readonly counters: MailboxCounters;
  readonly blocks: Map<number, RowBlock>;
  keywords: KeywordTable | null;
  /** Of a plan: whether its rows will be others than those that are committed. */
  touched: boolean;
}

/**
 * The rows that one record touches, read once and written once, however many of its changes touch them. Lives inside
 * one transaction.
 */
export class ShardView {
  readonly #mailboxes = new Map<string, MailboxView>();
  readonly #usages = new Map<string, Usage>();
  readonly bodies: BodyView;
  readonly #room = new RowRoom();
  constructor(readonly index: IndexEnv) {
    this.bodies = new BodyView(index);
  }

  /** Null when the mailbox never had mail and was never made, or was removed. */
  mailbox(account: string, number: number): MailboxView | null {
    const view = this.#view(account, number);
    return view === null || view.counters.form === "removed" ? null : view;
  }
  /** A mailbox that was removed, while rows of it are left. */
  removed(account: string, number: number): MailboxView | null {
    const view = this.#view(account, number);
    return view?.counters.form === "removed" ? view : null;
  }
  makeMailbox(account: string, number: number, uidValidity: number): MailboxView {
    return this.#hold(account, number, {
      uidValidity,
      uidNext: 1,
      highestModSeq: 1,
      messages: 0,
      unseen: 0,
      deleted: 0,
      size: 0,
      changesFloor: 1,
      changeRows: 0,
      form: "counted",
    });
  }
  /** Whether the names of the account were changed: then only those mailboxes are there that have counters. */
  hasTree(account: string): boolean {
    return this.index.get(treeKey(account, "")) !== undefined;
  }
  block(mailbox: MailboxView, uid: number): RowBlock {
    return this.#block(mailbox, Math.floor(uid / BLOCK_UIDS));
  }
  #block(mailbox: MailboxView, number: number): RowBlock {
    const held = mailbox.blocks.get(number);
    if (held !== undefined) return held;
    const block = new RowBlock(number, this.index.get(rowsKey(mailbox.account, mailbox.number, number)), this.#room);
    mailbox.blocks.set(number, block);
    return block;
  }
  /** The blocks with rows of the UIDs from `first` to `last`, rising, and maybe some without. */
  *blocks(mailbox: MailboxView, first: number, last: number): Generator<RowBlock> {
    const [from, to] = [Math.floor(first / BLOCK_UIDS), Math.floor(last / BLOCK_UIDS)];
    if (to - from < FEW_BLOCKS) {
      for (let number = from; number <= to; number++) yield this.#block(mailbox, number);
      return;
    }
    for (const number of this.#numbers(mailbox)) {
      if (number >= from && number <= to) yield this.#block(mailbox, number);
    }
  }
  /** Adds the row of the next UID. */
  append(mailbox: MailboxView, row: StoredRow): void {
    const { counters } = mailbox;
    // The block that was the newest until now is counted like the others from here on.
    if (row.uid % BLOCK_UIDS === 0) this.block(mailbox, row.uid - 1).recount = true;
    counters.uidNext = row.uid + 1;
    this.block(mailbox, row.uid).append(row);
  }
  keywords(mailbox: MailboxView): KeywordTable {
    return mailbox.keywords ??= new KeywordTable(this.index, mailbox.account, mailbox.number);
  }
  usage(account: string): Usage {
    const held = this.#usages.get(account);
    if (held !== undefined) return held;
    const stored = this.index.get(usageKey(account));
    const usage = stored === undefined ? { bytes: 0, messages: 0 } : decodeUsage(stored);
    this.#usages.set(account, usage);
    return usage;
  }
  /** Forgets a mailbox whose rows were removed beside the view. */
  drop(account: string, number: number): void {
    this.#mailboxes.delete(`${number}/${account}`);
  }
  /** Writes what was touched and forgets it, so that ranges see it. */
  flush(): void {
    for (const mailbox of this.#mailboxes.values()) this.#flushMailbox(mailbox);
    for (const [account, usage] of this.#usages) {
      if (usage.messages === 0) this.index.remove(usageKey(account));
      else this.index.put(usageKey(account), encodeUsage(usage));
    }
    this.bodies.flush();
    this.#mailboxes.clear();
    this.#usages.clear();
  }
  /** The numbers of all blocks that may have rows, rising. */
  #numbers({ account, number: mailbox, counters, blocks }: MailboxView): Uint32Array {
    const { blocks: counted } = readBlockCounts(this.index, { account, mailbox }, counters);
    if (blocks.size === 0) return counted;
    // What this change has touched is not counted yet.
    return Uint32Array.from(new Set([...counted, ...blocks.keys(), newestBlock(counters)])).sort();
  }
  #flushMailbox(mailbox: MailboxView): void {
    const { account, number, counters, blocks } = mailbox;
    const newest = newestBlock(counters);
    let counts = new Map<number, number>();
    for (const block of blocks.values()) {
      if (block.changed) {
        const key = rowsKey(account, number, block.number);
        if (block.rows === 0) this.index.remove(key);
        else this.index.put(key, block.bytes());
      }
      if (block.recount && block.number < newest) counts.set(block.number, block.rows);
    }
    if (counters.form === "uncounted") {
      counts = countBlocks(this.index, account, number);
      counts.delete(newest);
      counters.form = "counted";
    }
    if (counts.size > 0 && counters.form === "counted") putBlockCounts(this.index, mailbox, counts);
    mailbox.keywords?.flush();
    this.index.put(mailboxKey(account, number), encodeMailbox(counters));
  }
  #view(account: string, number: number): MailboxView | null {
    const held = this.#mailboxes.get(`${number}/${account}`);
    if (held !== undefined) return held;
    const stored = this.index.get(mailboxKey(account, number));
    return stored === undefined ? null : this.#hold(account, number, decodeMailbox(stored));
  }
  #hold(account: string, number: number, counters: MailboxCounters): MailboxView {
    const view = { account, number, counters, blocks: new Map<number, RowBlock>(), keywords: null, touched: false };
    this.#mailboxes.set(`${number}/${account}`, view);
    return view;
  }
}
