/**
 * What every other folder stands on: assertions, failures, bytes, and time, chance and log as interfaces.
 * Everybody may import it; it imports nothing of the project.
 * It must never know of mail, actors or sockets.
 */
export * from "./assert.ts";
export * from "./bytes.ts";
export * from "./clock.ts";
export type * from "./dns.ts";
export * from "./failure.ts";
export * from "./ip.ts";
export * from "./latin1.ts";
export * from "./log.ts";
export * from "./piece_store.ts";
export * from "./random.ts";
export * from "./renewed.ts";
