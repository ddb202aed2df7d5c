/**
 * Commands as they come on the wire: bytes become lines and literals, within limits, and what breaks them is told apart.
 * The session imports it, and the arrival of messages; it imports base.
 * It must never know what a command means.
 */
export type * from "./frame.ts";
export * from "./frame_limits.ts";
export * from "./framer.ts";
export * from "./tag.ts";
