/**
 * What carries batches between two threads: rings in shared memory for small ones, a MessagePort for large ones, in one order.
 * The rest of runtime imports it; it imports types of runtime only.
 * It must never look into a batch, nor trust what the other thread wrote.
 */
export { Bell } from "./bell.ts";
export { type ChannelEnd, channelLink, makeChannel } from "./channel.ts";
