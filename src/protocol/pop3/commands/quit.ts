import { reply } from "../replies.ts";
import { closed, mistake, type Pop3Command } from "../state.ts";

/** QUIT (RFC 1939 §4, §6): the only way to UPDATE, and so the only way a message goes. */
export const quit: Pop3Command = {
  verb: "QUIT",
  authorization(state, rest, context) {
    return rest === null ? closed(state, reply.bye) : mistake(state, reply.syntax, context);
  },
  transaction(state, rest, context) {
    if (rest !== null) return mistake(state, reply.syntax, context);
    const { maildrop, tlsActive, channel, utf8, errors, loginFailures } = state;
    return [
      { phase: "update", tlsActive, channel, utf8, errors, loginFailures },
      { type: "update", uids: maildrop.markedUids() },
    ];
  },
};
