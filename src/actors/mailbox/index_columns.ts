import { findIndexText, INDEX_VERSION, type IndexText } from "../../mime/mod.ts";
import type { IndexColumns, PiecePlace } from "../../storage/mod.ts";

/** Texts of the indexes that are kept beside the rows, by the numbers of their columns: those that clients ask of all messages. */
const TEXTS: readonly IndexText[] = ["envelope", "bodyStructure"];

/** What is kept of the indexes that `indexMessage` makes. */
export const INDEX_COLUMNS: IndexColumns = {
  version: INDEX_VERSION,
  count: TEXTS.length,
  find: (column, bytes, place) => narrow(TEXTS[column]!, bytes, place),
};

/** The column that a text is; -1: none. */
export function columnOf(text: IndexText): number {
  return TEXTS.indexOf(text);
}

/** Narrows the place of an index to that of a text in it; false when it cannot be read. */
export function narrow(text: IndexText, bytes: Uint8Array, place: PiecePlace): boolean {
  return findIndexText(bytes, [place.offset, place.offset + place.length], { text, version: INDEX_VERSION, place });
}
