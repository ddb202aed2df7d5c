/**
 * The shapes of what a mailbox actor is asked: anything else is refused before the actor sees it.
 * The actor and its worker import it.
 * It must never look at what is stored.
 */
export * from "./accepts.ts";
