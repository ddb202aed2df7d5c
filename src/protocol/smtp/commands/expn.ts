import type { Command } from "../command.ts";
import { REPLY } from "../replies.ts";

/** EXPN (RFC 5321 §4.1.1.7): known, never done: lists are not for strangers (§7.3). */
export const expn: Command = {
  argument: "optional",
  utf8: true,
  junk: true,
  listed: () => false,
  run: (_context, state) => [state, REPLY.notImplemented],
};
