/**
 * HTTP as a program that asks one question speaks it: the head of a request, and an answer with all its bounds.
 * Actors that ask services by HTTP import it; it imports base.
 * It must never open a connection, nor know what is asked.
 */
export * from "./answer_reader.ts";
export * from "./post_head.ts";
