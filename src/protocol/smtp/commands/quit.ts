import type { Command } from "../command.ts";
import { REPLY } from "../replies.ts";
import { closing } from "../state.ts";

/** QUIT (RFC 5321 §4.1.1.10): says good-bye; an open transaction is forgotten. */
export const quit: Command = {
  argument: "none",
  utf8: false,
  junk: false,
  listed: () => true,
  run: (_context, state) => closing(state, REPLY.bye),
};
