/** Messages one actor may handle before the next actor's turn comes. */
export const ACTOR_TURN_MESSAGES_MAX = 256;
/** Rounds over the ready actors in one turn; what is left waits for sockets and timers to have had their go. */
export const TURN_ROUNDS_MAX = 8;
/** How long an ask waits when it names no deadline, ms. */
export const ASK_DEADLINE_MS = 30_000;
/** Asks of one worker that may be unanswered. */
export const ASKS_PENDING_MAX = 200_000;
/** Actors in one worker. */
export const ACTORS_MAX = 200_000;
/** Timers one actor may have running. */
export const ACTOR_TIMERS_MAX = 100_000;
/** Watches one actor may hold. */
export const ACTOR_WATCHES_MAX = 100_000;
/** Bytes from other workers that may wait in one inbox. */
export const INBOX_BYTES_MAX = 64 * 1024 * 1024;
/** A batch goes out before the turn ends when it has grown to this many bytes. */
export const BATCH_FLUSH_BYTES = 64 * 1024;
/** Bytes sent to a peer and not yet acknowledged beyond which senders are told "busy". */
export const LINK_BYTES_MAX = 64 * 1024 * 1024;
/** Answers may go this many times further than requests: the asker has reserved room for them. */
export const LINK_REPLY_FACTOR = 4;
/** A peer acknowledges at the latest after this many bytes. */
export const ACK_EVERY_BYTES = 1024 * 1024;
/** Bytes of one message. */
export const FRAME_BYTES_MAX = 128 * 1024 * 1024;
/** Bytes of one batch: one message of the largest size may follow a batch that was nearly full. */
export const BATCH_BYTES_MAX = FRAME_BYTES_MAX + 2 * BATCH_FLUSH_BYTES;
/** Values (numbers, strings, lists …) in one message. */
export const FRAME_ITEMS_MAX = 2_000_000;
/** Values in one batch. */
export const BATCH_ITEMS_MAX = 4_000_000;
/** Lists and objects inside each other in one message. */
export const FRAME_DEPTH_MAX = 32;
/** UTF-16 units of an actor's name. */
export const ACTOR_NAME_CHARS_MAX = 512;
/** UTF-16 units of a message's name. */
export const MESSAGE_NAME_CHARS_MAX = 128;
/** UTF-16 units of a failure's text on the wire; the rest is cut. */
export const FAILURE_CHARS_MAX = 1_000;
/** UTF-16 units of a trace id. */
export const TRACE_CHARS_MAX = 128;
/** Longest deadline an ask may name, ms (one day). */
export const DEADLINE_MS_MAX = 86_400_000;
