/**
 * What sessions have been told of a mailbox: message sequence numbers, news, sets of messages; counted, not stored.
 * The mailbox actor imports it; it imports base and mail.
 * It must never read the store by itself, keep a row, or know who is told.
 */
export { type Counts } from "./block_tree.ts";
export { BLOCK_UIDS, RowOrder, type RowSource } from "./row_order.ts";
export { SortedUids } from "./sorted_uids.ts";
export { CHANGED_MAX, GHOSTS_MAX, View, type ViewStart } from "./view.ts";
