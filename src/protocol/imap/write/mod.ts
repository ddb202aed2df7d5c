/**
 * Responses as text: strings, names, flags, codes and the lines made of them, and the output that gathers them.
 * Everything that answers imports the file it needs.
 * It must never decide what is told, only how.
 */
export * from "./mailbox_name_codec.ts";
