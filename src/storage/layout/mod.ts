/**
 * How things are written down: keys and values of the index, packed numbers, rows.
 * All of storage imports it; it imports base and mail.
 * It must never touch a disk, nor trust that what it reads is whole.
 */
export * from "./keys.ts";
export * from "./pack.ts";
export * from "./row_codec.ts";
export * from "./values.ts";
