/**
 * Reading a shard: its mailboxes and messages, pages of columns, bodies that lie behind each other read at once.
 * Shards and what is made of them (texts, columns) import it; it imports the layout, the disk and the rows.
 * It must never write, nor hold more of a mailbox than a page.
 */
export * from "./block_counts.ts";
export * from "./body_pages.ts";
export * from "./body_view.ts";
export * from "./gathered.ts";
export * from "./page_reader.ts";
export * from "./record_walk.ts";
export * from "./rooms.ts";
export * from "./shard_reader.ts";
