/**
 * Searches: keys as a program for the owner of the mailbox, and what it found as responses, told again as it changes.
 * SEARCH, ESEARCH, SORT, THREAD and what else takes criteria import it.
 * It must never look at messages itself.
 */
export * from "./to_search_program.ts";
