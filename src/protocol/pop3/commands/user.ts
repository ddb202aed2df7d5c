import { isUsableText } from "../../sasl/mod.ts";
import { reply } from "../replies.ts";
import { mayLogIn, mistake, type Pop3Command } from "../state.ts";

/** USER name (RFC 1939 §7). +OK for every name, known or not: names do not leak. */
export const user: Pop3Command = {
  verb: "USER",
  capability: (state, context) => mayLogIn(state, context) ? "USER" : null,
  authorization(state, rest, context) {
    if (!mayLogIn(state, context)) return mistake(state, reply.tlsFirst, context);
    // RFC 6856 §2.2: names may be UTF-8; what SASLprep prohibits is refused.
    if (rest === null || rest === "" || !isUsableText(rest)) return mistake(state, reply.syntax, context);
    return [{ ...state, user: rest }, reply.sendPass];
  },
};
