import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** UTF8 (RFC 6856 §2). USER in its capability: names and passwords may be UTF-8. */
export const utf8: Pop3Command = {
  verb: "UTF8",
  capability: () => "UTF8 USER",
  authorization(state, rest, context) {
    return rest === null ? [{ ...state, utf8: true }, reply.utf8On] : mistake(state, reply.syntax, context);
  },
};
