/**
 * What FETCH tells of messages: the plan of a command, rows as they are, and pieces of messages by their MIME index.
 * The commands that tell of messages import it, and whoever makes an index to be kept.
 * It must never hold more of a message than it is about to tell.
 */
export { MadeIndexes } from "./made_indexes.ts";
export { indexMessage, indexSteps } from "./message_index.ts";
