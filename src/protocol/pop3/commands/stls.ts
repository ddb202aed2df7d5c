import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** STLS (RFC 2595 §4). What arrived behind it in plaintext is thrown away by the session. */
export const stls: Pop3Command = {
  verb: "STLS",
  // "Present and permitted in the current state".
  capability: (state, { options }) =>
    state.phase === "authorization" && options.tls === "available" && !state.tlsActive ? "STLS" : null,
  authorization(state, rest, context) {
    if (rest !== null) return mistake(state, reply.syntax, context);
    if (state.tlsActive) return mistake(state, reply.tlsActive, context);
    if (context.options.tls !== "available") return mistake(state, reply.tlsNotOffered, context);
    // RFC 6856 §2.1: clients must not do this.
    if (state.utf8) return mistake(state, reply.tlsAfterUtf8, context);
    return [state, reply.startTls, { type: "startTls" }];
  },
};
