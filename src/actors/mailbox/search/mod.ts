/**
 * Searching a view: a program made ready, rows looked at in turns, texts from where they may be made.
 * The mailbox actor and its worker import it; it imports the views, and reads the store.
 * It must never parse a message itself, and never keep other work waiting.
 */
export { type Found } from "./found.ts";
export { FieldColumns, PlaceColumns } from "./mailbox_columns.ts";
export { type Plan, planSearch, PROGRAM_DEPTH_MAX, PROGRAM_NODES_MAX } from "./plan.ts";
export { runSearch } from "./run_search.ts";
export { Searches } from "./searches.ts";
export { StoredTexts, type StoredTextsOptions } from "./stored_texts.ts";
export type * from "./text_search.ts";
export { Turns } from "./turns.ts";
