import type { MessageAnnotation } from "../../../mail/message_annotation.ts";
import type { RowColumns } from "../../../mail/row_columns.ts";
import type { FullRow } from "../../../storage/mod.ts";

/** Whether a message fits; null when more of it must be known. */
export type Verdict = boolean | null;

/** What is known of a message that is looked at; it grows as keys ask for more. */
export interface Candidate {
  readonly row: SearchedRow;
  /** ENVELOPE, of the MIME index; null when there is none, undefined when it was not read. */
  envelope: Uint8Array | null | undefined;
  /** THREADID (RFC 8474 §5.2); undefined when it was not made. */
  threadId: string | undefined;
  /** Its annotations that the account may read; undefined when they were not read. */
  annotations: readonly MessageAnnotation[] | undefined;
  /** Whether its texts hold what the key of that number asks for; null when they were not searched for that. */
  readonly holds: ((row: SearchedRow, key: number) => Verdict) | null;
  /** How well its texts have the word of that number, 0 for not at all; null when they were not searched. */
  readonly grade: ((content: number, word: number) => number) | null;
}

/** What rows say of a message. */
export type SearchedRow = { readonly [K in Exclude<keyof FullRow, "index" | "uid" | "modSeq">]: FullRow[K] } & {
  readonly uid: number;
  readonly modSeq: number;
};

/** A row of columns, looked at in place. */
export class ColumnRow implements SearchedRow {
  /** Number of the row. */
  at = 0;
  readonly #names = new Map<number, readonly string[]>();
  constructor(
    private readonly columns: RowColumns,
    private readonly keywordSet: (set: number) => readonly string[],
  ) {}

  get uid(): number {
    return this.columns.uid[this.at]!;
  }
  get modSeq(): number {
    return this.columns.modSeq[this.at]!;
  }
  get flags(): number {
    return this.columns.flags[this.at]!;
  }
  get size(): number {
    return this.columns.size[this.at]!;
  }
  get internalDateMs(): number {
    return this.columns.internalDateMs[this.at]!;
  }
  get savedMs(): number {
    return this.columns.saved[this.at]! * 1_000;
  }
  get content(): number {
    return this.columns.content[this.at]!;
  }
  get keywords(): readonly string[] {
    const set = this.columns.keywords[this.at]!;
    const names = this.#names.get(set) ?? this.keywordSet(set);
    this.#names.set(set, names);
    return names;
  }
}
