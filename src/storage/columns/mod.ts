/**
 * Columns: what FETCH asks for most (ENVELOPE, BODYSTRUCTURE), written side by side for many messages while a shard rests.
 * The reader and the owner of a shard import it; it imports the layout, the disk and the rows.
 * It must never be the only place of anything: columns are made anew from the messages.
 */
export * from "./block.ts";
export * from "./columns.ts";
export * from "./keeper.ts";
export * from "./kept.ts";
