import { BodyView } from "./body_view.ts";
import type { IndexEnv } from "./index_env.ts";
import { mailboxKey, rowsKey, usageKey } from "./keys.ts";
import {
  BLOCK_UIDS,
  decodeMailbox,
  decodeUsage,
  encodeMailbox,
  encodeUsage,
  type MailboxCounters,
  RowBlock,
  type Usage,
} from "./values.ts";

/** What a change holds of one mailbox. */
export interface MailboxView {
  readonly account: string;
  readonly number: number;
  readonly counters: MailboxCounters;
  readonly blocks: Map<number, RowBlock>;
}

/**
 * The rows that one record touches, read once and written once, however many of its changes touch them. Lives inside
 * one transaction.
 */
export class ShardView {
  readonly #mailboxes = new Map<string, MailboxView>();
  readonly #usages = new Map<string, Usage>();
  readonly bodies: BodyView;
  constructor(readonly index: IndexEnv) {
    this.bodies = new BodyView(index);
  }

  /** Null when the mailbox never had mail. */
  mailbox(account: string, number: number): MailboxView | null {
    const id = `${number}/${account}`;
    const held = this.#mailboxes.get(id);
    if (held !== undefined) return held;
    const stored = this.index.get(mailboxKey(account, number));
    if (stored === undefined) return null;
    const view = { account, number, counters: decodeMailbox(stored), blocks: new Map<number, RowBlock>() };
    this.#mailboxes.set(id, view);
    return view;
  }
  makeMailbox(account: string, number: number, uidValidity: number): MailboxView {
    const counters: MailboxCounters = {
      uidValidity,
      uidNext: 1,
      highestModSeq: 1,
      messages: 0,
      unseen: 0,
      deleted: 0,
      size: 0,
      changesFloor: 1,
      changeRows: 0,
    };
    const view = { account, number, counters, blocks: new Map<number, RowBlock>() };
    this.#mailboxes.set(`${number}/${account}`, view);
    return view;
  }
  block(mailbox: MailboxView, uid: number): RowBlock {
    const number = Math.floor(uid / BLOCK_UIDS);
    const held = mailbox.blocks.get(number);
    if (held !== undefined) return held;
    const block = new RowBlock(number, this.index.get(rowsKey(mailbox.account, mailbox.number, number)));
    mailbox.blocks.set(number, block);
    return block;
  }
  usage(account: string): Usage {
    const held = this.#usages.get(account);
    if (held !== undefined) return held;
    const stored = this.index.get(usageKey(account));
    const usage = stored === undefined ? { bytes: 0, messages: 0 } : decodeUsage(stored);
    this.#usages.set(account, usage);
    return usage;
  }
  /** Writes what was touched and forgets it, so that ranges see it. */
  flush(): void {
    for (const { account, number, counters, blocks } of this.#mailboxes.values()) {
      this.index.put(mailboxKey(account, number), encodeMailbox(counters));
      for (const block of blocks.values()) {
        const key = rowsKey(account, number, block.number);
        if (block.rows === 0) this.index.remove(key);
        else this.index.put(key, block.bytes());
      }
    }
    for (const [account, usage] of this.#usages) {
      if (usage.messages === 0) this.index.remove(usageKey(account));
      else this.index.put(usageKey(account), encodeUsage(usage));
    }
    this.bodies.flush();
    this.#mailboxes.clear();
    this.#usages.clear();
  }
}
