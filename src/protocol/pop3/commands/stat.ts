import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** STAT (RFC 1939 §5): number and bytes of the messages that are not marked. */
export const stat: Pop3Command = {
  verb: "STAT",
  transaction(state, rest, context) {
    if (rest !== null) return mistake(state, reply.syntax, context);
    return [state, reply.stat(state.maildrop.count, state.maildrop.size)];
  },
};
