import { assert } from "../../../base/assert.ts";
import type { SaslChannel } from "../../sasl/mod.ts";
import type { Command } from "../command.ts";
import { REPLY } from "../replies.ts";
import { COMMAND, type SmtpState, type Step } from "../state.ts";

/** STARTTLS (RFC 3207 §4): everything behind it that is not TLS is thrown away by the session. */
export const starttls: Command = {
  argument: "none",
  utf8: false,
  junk: true,
  listed: (state) => state.tls === "available",
  run(_context, state) {
    if (state.tls === "active") return [state, REPLY.tlsActive];
    if (state.tls === "none") return [state, REPLY.notImplemented];
    return [{ ...state, phase: { type: "startingTls" } }, REPLY.readyForTls, { type: "startTls" }];
  },
};

/** The answer to `startTls`: what the client said in the clear is forgotten (RFC 3207 §4.2), its errors are not. */
export function tlsStarted(state: SmtpState, channel: SaslChannel): Step {
  assert(state.phase.type === "startingTls", "tlsStarted without a question");
  return [{ ...state, phase: COMMAND, tls: "active", channel, greeting: null, user: null, transaction: null }];
}
