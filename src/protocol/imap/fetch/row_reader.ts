import { Failure } from "../../../base/failure.ts";
import type { RowPage, ViewRow } from "../../../mail/mailbox_view.ts";
import type { MessageAnnotation } from "../../../mail/message_annotation.ts";
import { Pieces } from "../../../mail/pieces.ts";
import { ALL_COLUMNS, RECENT_BIT, RowColumns, type RowForm } from "../../../mail/row_columns.ts";
import type { ModSeq, Uid } from "../../../mail/uid.ts";

const NO_KEYWORDS: readonly string[] = [];

/** A page of rows as a session reads it. */
export class RowReader {
  readonly columns: RowColumns;
  readonly index: Pieces | null;
  /** Of the body structures, where they lie apart; null: they do not. */
  readonly structure: Pieces | null;
  readonly head: Pieces | null;
  readonly #annotations = new Map<number, readonly MessageAnnotation[]>();
  readonly #names = new Map<number, readonly string[]>();

  /** Throws Failure `invalid` when the page is none. */
  constructor(private readonly page: RowPage, form: RowForm = ALL_COLUMNS) {
    const columns = RowColumns.of(page.rows, form);
    if (columns === null) throw new Failure("invalid", "a page of rows has a wrong length");
    this.columns = columns;
    this.index = piecesOf(page.index, page.indexBytes, columns.count);
    const { structure = null, structureBytes = null } = page;
    this.structure = piecesOf(structure, structureBytes, columns.count);
    this.head = piecesOf(page.head, page.headBytes, columns.count);
    for (const { uid, annotations } of page.annotations ?? []) this.#annotations.set(uid, annotations);
    for (const { set, names } of page.keywordSets) this.#names.set(set, names);
  }

  /** Bytes that the page holds. */
  get bytes(): number {
    const pieces = [this.index, this.structure, this.head];
    return pieces.reduce((bytes, each) => bytes + (each?.bytes.length ?? 0), this.page.rows.length);
  }

  /** Frees what the page holds now: nothing of it is used any more. Garbage of this size is dear to find. */
  letGo(): void {
    for (const bytes of [this.page.rows, this.page.indexBytes, this.page.structureBytes, this.page.headBytes]) {
      const buffer = bytes?.buffer;
      // Others of a shared buffer are still needed.
      if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes!.length) buffer.transfer(0);
    }
  }

  get count(): number {
    return this.columns.count;
  }

  keywords(number: number): readonly string[] {
    return this.#names.get(this.columns.keywords[number]!) ?? NO_KEYWORDS;
  }

  objectId(number: number): string {
    return this.page.objectIdPrefix + this.columns.content[number]!.toString(36);
  }

  /** A row as an object, where all columns are there. */
  row(number: number): ViewRow {
    const { columns } = this;
    const flags = columns.flags[number]!;
    const head = this.head?.at(number) ?? null;
    const annotations = this.#annotations.get(columns.uid[number]!);
    return {
      sequence: columns.sequence[number]!,
      uid: columns.uid[number]! as Uid,
      modSeq: columns.modSeq[number]! as ModSeq,
      flags: flags & ~RECENT_BIT,
      keywords: this.keywords(number),
      recent: (flags & RECENT_BIT) !== 0,
      size: columns.size[number]!,
      internalDateMs: columns.internalDateMs[number]!,
      savedMs: columns.saved[number]! * 1_000,
      objectId: this.objectId(number),
      index: this.index?.at(number) ?? null,
      ...(head === null ? {} : { head }),
      ...(annotations === undefined ? {} : { annotations }),
    };
  }
}

function piecesOf(places: Uint8Array | null, bytes: Uint8Array | null, count: number): Pieces | null {
  if (places === null || bytes === null) return null;
  const pieces = Pieces.of({ places, bytes }, count);
  if (pieces === null) throw new Failure("invalid", "the contents of a page of rows do not fit");
  return pieces;
}
