import type { Command } from "../command.ts";
import { REPLY } from "../replies.ts";

/** RSET (RFC 5321 §4.1.1.5): forgets the transaction. */
export const rset: Command = {
  argument: "none",
  utf8: false,
  junk: true,
  listed: () => true,
  run: (_context, state) => [{ ...state, transaction: null }, REPLY.ok],
};
