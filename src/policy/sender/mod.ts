/**
 * Everything that is found out about who sent a message, put together: verdicts, the field that tells them, one disposition.
 * The policy actor imports it; it imports base, mail and the folders beside it.
 * It must never hold a socket, wait beyond its deadline, or let out a word of the message's body.
 */
export * from "./bounded_resolver.ts";
export * from "./check.ts";
export * from "./disposition.ts";
export * from "./iprev.ts";
