import { type Clock, type Random, randomId } from "../base/mod.ts";

/** Random characters behind the time part: 40 bits, so that two listeners never meet within a millisecond. */
const RANDOM_CHARS = 8;

/** Identity of one accepted mail, rising with time: shown in the 250 reply, in Received and in the log. */
export function newMailId(clock: Clock, random: Random): string {
  return clock.wallMs().toString(36) + randomId(random, RANDOM_CHARS);
}
