import type { Command } from "../command.ts";
import { REPLY } from "../replies.ts";

/** NOOP [SP String] (RFC 5321 §4.1.1.9): does nothing; the string is ignored. */
export const noop: Command = {
  argument: "optional",
  utf8: false,
  junk: true,
  listed: () => true,
  run: (_context, state) => [state, REPLY.ok],
};
