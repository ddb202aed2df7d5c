import { Flag } from "../mail/flag.ts";
import type { Ranges } from "../mail/ranges.ts";
import type { ShardOp } from "./shard_log.ts";

/** What became of some rows whose flags were to change. */
export interface FlagsDone {
  /** UIDs whose flags are other than before. */
  readonly changed: Ranges;
  /** UIDs left alone because they had changed; rising. */
  readonly modified: readonly number[];
  /** UIDs that no row has. */
  readonly missing: Ranges;
}

type FlagsOp = Extract<ShardOp, { kind: "flags" }>;

/** A change of flags on its way through the blocks of a mailbox: the same for every row, and what it has done so far. UIDs rise. */
export class FlagChange implements FlagsDone {
  readonly add: number;
  /** Flags that stay, and those that are added. */
  readonly keep: number;
  /** Its MODSEQ, in two parts of 16 and 32 bits. */
  readonly modSeqHigh: number;
  readonly modSeqLow: number;
  /** Rows with a higher MODSEQ are left alone. */
  readonly unchangedSince: number;
  readonly changed: Ranges;
  readonly modified: number[] = [];
  readonly missing: Ranges;
  /** By how many rows the counts of the mailbox rise. */
  unseen = 0;
  deleted = 0;
  readonly #changed: number[] = [];
  readonly #missing: number[] = [];
  /** The last set of keywords that was asked for, and what it becomes: of most messages it is the same. */
  #from = -1;
  #to = -1;
  /** Rows that had the one and get the other, and are not counted. */
  #moved = 0;
  /** `keywords`: what becomes of those of a row; null: they stay. */
  constructor(
    { add, remove, modSeq, unchangedSince }: Pick<FlagsOp, "add" | "remove" | "modSeq" | "unchangedSince">,
    private readonly keywords: KeywordMoves | null,
  ) {
    this.add = add;
    this.keep = ~remove & 0xff;
    this.modSeqHigh = Math.floor(modSeq / 0x1_0000_0000);
    this.modSeqLow = modSeq >>> 0;
    this.unchangedSince = unchangedSince ?? Infinity;
    this.changed = this.#changed as readonly number[] as Ranges;
    this.missing = this.#missing as readonly number[] as Ranges;
  }
  get changesKeywords(): boolean {
    return this.keywords !== null;
  }
  /** The set of keywords of the next row that had this one. */
  keywordsOf(set: number): number {
    if (this.keywords === null) return set;
    if (set === this.#from) this.#moved++;
    else {
      this.end();
      [this.#from, this.#to] = [set, this.keywords.change(set)];
    }
    return this.#to;
  }
  /** No row comes any more, or one that has other keywords. */
  end(): void {
    if (this.#moved > 0 && this.#to !== this.#from) this.keywords?.move(this.#from, this.#to, this.#moved);
    this.#moved = 0;
  }
  /** Counts a row whose flags were changed. */
  count(before: number, flags: number): void {
    this.unseen += Number((flags & Flag.seen) === 0) - Number((before & Flag.seen) === 0);
    this.deleted += Number((flags & Flag.deleted) !== 0) - Number((before & Flag.deleted) !== 0);
  }
  /** Notes UIDs in a row that were changed. */
  didChange(first: number, last: number): void {
    extend(this.#changed, first, last);
  }
  /** Notes UIDs in a row that are not there. */
  didMiss(first: number, last: number): void {
    extend(this.#missing, first, last);
  }
}

/** What a change does to the keywords of a row. */
export interface KeywordMoves {
  /** The set that a set becomes, with one row more in the one and one less in the other. */
  change(set: number): number;
  /** The same for so many more rows, of which it is known. */
  move(from: number, to: number, rows: number): void;
}

/** Adds numbers above all others. */
function extend(ranges: number[], first: number, last: number): void {
  if (ranges.length > 0 && ranges.at(-1) === first - 1) ranges[ranges.length - 1] = last;
  else ranges.push(first, last);
}
