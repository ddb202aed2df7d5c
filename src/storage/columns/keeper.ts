import { Bug, type Cancel, type Clock, describeError, type Failure, type Log } from "../../base/mod.ts";
import type { AccountId } from "../../mail/account.ts";
import type { Pieces } from "../../mail/pieces.ts";
import { RowColumns } from "../../mail/row_columns.ts";
import type { AccountStore, IndexColumns, MailboxRef } from "../account/types.ts";
import { COLUMN_TEXT_BYTES_MAX, type ColumnText, encodeColumnBlock } from "./block.ts";
import type { Compactable } from "../disk/compact.ts";
import { diskFailure } from "../disk/disk_failure.ts";
import { columnKey, type Key, mailboxKey } from "../layout/keys.ts";
import { BLOCK_UIDS } from "../row_block.ts";
import { decodeMailbox } from "../layout/values.ts";

/** Pause before blocks are made, and between steps, in ms: mail that comes and is read goes first. */
const LOOK_MS = 500;
const STEP_MS = 20;
/** Blocks looked at in one step: some ms. */
const BLOCKS_A_STEP = 16;
/**
 * A shard that does not come to rest for so long, in ms, has its blocks made between groups all the same; in smaller steps, that take
 * no more than this share of the time.
 */
const PATIENCE_MS = 5_000;
const BUSY_BLOCKS_A_STEP = 4;
const BUSY_SHARE = 0.05;
/** After such a step a shard does not count as one at rest for so long, in ms: the step has brought to the index what was owed. */
const BUSY_MS = 3_000;
/** Blocks that are to be made; beyond it they are forgotten, until they are read again. */
const BLOCKS_MAX = 32_768;
/** Bytes of indexes read for one block; the rest of it is not kept. */
const READ_BYTES_MAX = 1024 * 1024;
/** Space of the index that a value may need beyond its bytes. */
const INDEX_BYTES_A_VALUE = 8_192;

export interface ColumnKeeperOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly columns: IndexColumns;
  /** False while a group is written, or the disk is down. */
  readonly mayRun: () => boolean;
  /** Whether nothing has come since the last checkpoint. */
  readonly rests: () => boolean;
  /** Whether the space is needed for mail. */
  readonly roomIsShort: () => boolean;
  /** The disk refused a step, or another owner has taken over. */
  readonly failed: (failure: Failure) => void;
}

/** A value that is to be kept. */
interface Made {
  readonly key: Key;
  readonly value: Uint8Array;
}

/**
 * Keeps columns of the MIME indexes beside the rows of mailboxes, once for each block of 64 UIDs that is complete: when it has
 * become so, or was read and was not there. In bounded steps while the shard rests, as mail that comes must not wait for them; where
 * it never does, in a small share of the time. What was not made before an end is made when it is read. A step is one transaction of the index, which brings there all that it speaks of.
 */
export class ColumnKeeper {
  #timer: Cancel | null = null;
  /** By account and mailbox, blocks in the order they were noted. */
  readonly #wanted = new Map<string, { readonly of: MailboxRef; readonly blocks: Set<number> }>();
  #count = 0;
  #patientUntilMs = 0;
  #busyUntilMs = 0;
  constructor(
    private readonly state: Compactable,
    private readonly reader: Pick<AccountStore, "fillRows" | "contents">,
    private readonly options: ColumnKeeperOptions,
  ) {}

  /** A block has become complete, or was missed. */
  note(of: MailboxRef, block: number): void {
    if (this.#count >= BLOCKS_MAX) return;
    const name = `${of.mailbox}/${of.account}`;
    let wanted = this.#wanted.get(name);
    if (wanted === undefined) {
      wanted = { of: { account: of.account, mailbox: of.mailbox }, blocks: new Set() };
      this.#wanted.set(name, wanted);
    }
    if (wanted.blocks.has(block)) return;
    wanted.blocks.add(block);
    if (this.#count++ === 0) this.#patientUntilMs = this.options.clock.monotonicMs() + PATIENCE_MS;
    this.#look(LOOK_MS);
  }
  /** A message has come. */
  arrived(account: AccountId, mailbox: number, uid: number): void {
    if (uid % BLOCK_UIDS === BLOCK_UIDS - 1) this.note({ account, mailbox }, Math.floor(uid / BLOCK_UIDS));
  }
  stop(): void {
    this.#timer?.();
    this.#timer = null;
  }
  /** One bounded step. False when there is nothing to do. */
  step(blocksMax = BLOCKS_A_STEP): boolean {
    const made: Made[] = [];
    for (let blocks = 0; blocks < blocksMax && this.#count > 0; blocks++) made.push(...this.#make(...this.#next()));
    if (made.length > 0) this.#keep(made);
    return this.#count > 0;
  }
  #look(ms: number): void {
    this.#timer ??= this.options.clock.after(ms, () => this.#run());
  }
  #run(): void {
    this.#timer = null;
    const { clock, mayRun, rests } = this.options;
    const nowMs = clock.monotonicMs();
    const busy = !rests() || nowMs < this.#busyUntilMs;
    if (!mayRun() || (busy && nowMs < this.#patientUntilMs)) return this.#look(LOOK_MS);
    if (busy) this.#busyUntilMs = nowMs + BUSY_MS;
    try {
      const more = this.step(busy ? BUSY_BLOCKS_A_STEP : BLOCKS_A_STEP);
      const tookMs = clock.monotonicMs() - nowMs;
      if (more) this.#look(busy ? Math.max(STEP_MS, tookMs / BUSY_SHARE - tookMs) : STEP_MS);
    } catch (error) {
      const failure = diskFailure(error);
      if (failure === null) throw error;
      this.#forget();
      this.options.log.warn("MIME indexes were not kept beside their rows", { error: describeError(failure) });
      this.options.failed(failure);
    }
  }
  #next(): [MailboxRef, number] {
    for (const [name, { of, blocks }] of this.#wanted) {
      for (const block of blocks) {
        blocks.delete(block);
        if (blocks.size === 0) this.#wanted.delete(name);
        this.#count--;
        return [of, block];
      }
    }
    throw new Bug("a block is wanted that was not noted");
  }
  #forget(): void {
    this.#wanted.clear();
    this.#count = 0;
  }
  /** All columns of a block; none while messages may still come to it, or when nothing is there. */
  #make({ account, mailbox }: MailboxRef, block: number): Made[] {
    const { index } = this.state;
    const stored = index.get(mailboxKey(account, mailbox));
    if (stored === undefined || decodeMailbox(stored).uidNext < (block + 1) * BLOCK_UIDS) return [];
    const rows = new RowColumns(BLOCK_UIDS);
    const [first, last] = [block * BLOCK_UIDS, (block + 1) * BLOCK_UIDS - 1];
    const ranges = { ranges: [first, last], after: 0, modSeqAbove: 0, rankOf: () => 0, lookedMax: BLOCK_UIDS };
    this.reader.fillRows(account, mailbox, ranges, rows);
    if (rows.count === 0) return [];
    const pieces = this.reader.contents({ rows, what: "index", sizeMax: Infinity, bytesMax: READ_BYTES_MAX });
    const { count, version } = this.options.columns;
    return Array.from({ length: count }, (_, column) => ({
      key: columnKey(account, mailbox, block, column),
      value: encodeColumnBlock(this.#texts(rows, pieces, column), version),
    }));
  }
  #texts(rows: RowColumns, pieces: Pieces, column: number): ColumnText[] {
    const texts: ColumnText[] = [];
    const place = { offset: 0, length: 0 };
    for (let i = 0; i < pieces.count; i++) {
      place.length = pieces.length(i);
      if (place.length < 0) continue;
      place.offset = pieces.offset(i);
      if (!this.options.columns.find(column, pieces.bytes, place) || place.length > COLUMN_TEXT_BYTES_MAX) continue;
      const text = pieces.bytes.subarray(place.offset, place.offset + place.length);
      texts.push({ uid: rows.uid[i]!, content: rows.content[i]!, text });
    }
    return texts;
  }
  #keep(made: readonly Made[]): void {
    const { index, segments } = this.state;
    if (this.options.roomIsShort()) return this.#forget();
    try {
      index.reserve(made.reduce((sum, { value }) => sum + value.length + INDEX_BYTES_A_VALUE, 0));
    } catch (error) {
      if (diskFailure(error)?.kind !== "disk_full") throw error;
      return this.#forget();
    }
    this.state.relocate(() => {
      for (const { key, value } of made) index.put(key, value);
      return segments.position;
    });
  }
}
