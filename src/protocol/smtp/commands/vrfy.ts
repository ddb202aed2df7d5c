import type { Command } from "../command.ts";
import { REPLY } from "../replies.ts";

/** VRFY SP String (RFC 5321 §4.1.1.6): 252 to every name, so that it tells nobody which ones exist (§7.3). */
export const vrfy: Command = {
  argument: "needed",
  utf8: true,
  junk: true,
  listed: () => true,
  run: (_context, state) => [state, REPLY.cannotVerify],
};
