import { type Command, NOT_AUTHENTICATED } from "../command.ts";
import { bad, ok, taggedLine } from "../completion.ts";
import { startTls } from "../effects.ts";

/**
 * STARTTLS (RFC 9051 §6.2.1). The OK goes out before the handshake; what arrived behind the command in plaintext is thrown
 * away by the session.
 */
export const starttls: Command<"STARTTLS"> = {
  verb: "STARTTLS",
  phases: NOT_AUTHENTICATED,
  news: "none",
  capabilities: ({ state, options }) =>
    state.login === null && options.tls === "available" && !state.tlsActive ? ["STARTTLS"] : [],
  *run(_given, { state, options, output }, tag) {
    if (state.tlsActive) return bad("TLS is active already");
    if (options.tls !== "available") return bad("TLS is not offered here");
    output.push(taggedLine(tag, ok("Begin TLS")));
    state.channel = yield* startTls();
    state.tlsActive = true;
    return { ...ok(), silent: true };
  },
};
