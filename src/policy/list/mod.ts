/**
 * What lists are made of: names, header fields, commands, bounces, signed reverse-paths and tokens.
 * The list and the queue actor import it; it imports base, mail, MIME and the header folder.
 * It must never decide by what a mail claims alone: who joins or leaves has confirmed it, what came back was sent by us.
 */
export * from "./bounce.ts";
export * from "./command.ts";
export * from "./digest.ts";
export * from "./header.ts";
export * from "./judge.ts";
export * from "./keys.ts";
export * from "./letter.ts";
export * from "./name.ts";
