/**
 * Header fields as their bytes stand in a message, tag lists, and the field that tells what was found out about a sender.
 * The folders beside it import it, and the fronts that put the field on.
 * It must never change a byte of a message that it does not take away whole.
 */
export * from "./authentication_results.ts";
export * from "./message.ts";
export * from "./tag_list.ts";
export * from "./without_fields.ts";
