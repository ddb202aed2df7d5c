/**
 * Scanners of content: what is asked of rspamd and clamd, what their answers mean, and what follows for the mail.
 * Actors import it; it imports base and the header folder beside it.
 * It must never open a connection, nor trust an answer to be well-formed or short.
 */
export * from "./blocks.ts";
export * from "./breaker.ts";
export * from "./clamd.ts";
export * from "./fields.ts";
export * from "./header_rule.ts";
export * from "./judge.ts";
export * from "./rspamd.ts";
export * from "./settings.ts";
