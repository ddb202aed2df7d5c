/**
 * What searches read: the decoded, case-folded text of messages, in append-only files of each account that has ever searched.
 * Owners of shards (mailbox actors) and the store itself may import it; it imports base and the store's files.
 * It must never hold the only copy of anything: whatever is lost or damaged here is made again from the messages.
 */
export { FieldBlock, FieldColumn, FoundRows } from "./field_column.ts";
export { foldedText, type FuzzyWord, gradeWords, wordsOf } from "./fuzzy.ts";
export { type FieldKey, findIn, linesIn, type TextKey, type TextSpan } from "./match.ts";
export { type PlaceBlock, placeBlock, PlaceColumn } from "./place_column.ts";
export type { UnreadText } from "./unread_texts.ts";
export { DEFAULT_TEXT_LIMITS, type MessageText, noteBest, type TextLimits, TextStore } from "./text_store.ts";
