/**
 * The client's side of IMAP: responses are cut from a stream and looked at leniently.
 * Tests and load generators import it; nothing that serves.
 * It must never be fed by a server that is not trusted: its limits are those of memory.
 */
export * from "./response.ts";
export * from "./response_reader.ts";
export * from "./values.ts";
