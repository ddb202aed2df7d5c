import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** RSET (RFC 1939 §5): takes all marks back. */
export const rset: Pop3Command = {
  verb: "RSET",
  transaction(state, rest, context) {
    if (rest !== null) return mistake(state, reply.syntax, context);
    state.maildrop.unmarkAll();
    return [state, reply.reset(state.maildrop.count, state.maildrop.size)];
  },
};
