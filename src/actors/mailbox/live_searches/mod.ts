/**
 * Searches whose results a session is told as they change (RFC 5267 §4.3): what it was told last, and what may have changed since.
 * The mailbox actor and its book of views import it; it imports the views.
 * It must never read a message, and never hold more than the bytes it is given room for.
 */
export * from "./result_order.ts";
export * from "./live_search.ts";
export * from "./live_searches.ts";
