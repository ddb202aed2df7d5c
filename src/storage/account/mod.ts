/**
 * What an account has beside its messages: mailboxes and their names, keywords, annotations, settings; and what may be asked of it.
 * The rest of storage imports it; it imports base, mail, the layout and the index.
 * It must never change a row before the whole change is known to fit.
 */
export * from "./annotation_change.ts";
export * from "./annotations.ts";
export * from "./change.ts";
export * from "./fixed_mailboxes.ts";
export * from "./kept_keywords.ts";
export * from "./keyword_table.ts";
export * from "./plan.ts";
export * from "./settings.ts";
export * from "./tree_plan.ts";
export * from "./tree_rows.ts";
export type * from "./types.ts";
