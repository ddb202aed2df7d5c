import type { Command } from "../command.ts";
import { announced } from "../extensions.ts";
import { ehlo as ehloReply, REPLY } from "../replies.ts";
import { isClientName } from "./helo.ts";

/** EHLO SP ( Domain / address-literal ) (RFC 5321 §4.1.1.1): greets, lists the extensions, and resets like RSET (§4.1.4). */
export const ehlo: Command = {
  dialect: "smtp",
  argument: "needed",
  utf8: false,
  junk: true,
  listed: () => true,
  run(context, state, argument) {
    if (!isClientName(argument, context.quirks)) return [state, REPLY.heloName];
    const next = { ...state, greeting: { name: argument, extended: true }, transaction: null };
    return [next, ehloReply(context.hostname, announced(context, next))];
  },
};
