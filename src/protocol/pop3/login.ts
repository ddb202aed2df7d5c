import { unreachable } from "../../base/assert.ts";
import type { LoginOutcome } from "./actions.ts";
import { Maildrop } from "./maildrop.ts";
import { reply } from "./replies.ts";
import { type Authorization, mistake, type Pop3Context, type Step } from "./state.ts";

/** Takes the answer to `login`. */
export function finishLogin(state: Authorization, outcome: LoginOutcome, context: Pop3Context): Step {
  switch (outcome.type) {
    case "opened": {
      const maildrop = new Maildrop(outcome.uidValidity, outcome.entries);
      const { tlsActive, channel, utf8, errors, loginFailures } = state;
      return [
        { phase: "transaction", tlsActive, channel, utf8, errors, loginFailures, maildrop, download: null },
        reply.opened(maildrop.count, maildrop.size),
      ];
    }
    case "refused":
      return refuseLogin(state, context);
    // The password was right in these three, or was not looked at: no pause, yet not for ever either.
    case "inUse":
      return mistake(state, reply.inUse, context);
    case "loginDelay":
      return mistake(state, reply.loginDelay, context);
    case "temporary":
      return mistake(state, reply.loginTemporary, context);
    default:
      return unreachable(outcome);
  }
}

/** Refuses after a pause that grows with each failure: the same words for an unknown user and a wrong password. */
export function refuseLogin(state: Authorization, { limits }: Pop3Context): Step {
  const loginFailures = state.loginFailures + 1;
  const last = loginFailures >= limits.loginFailuresMax;
  const ms = Math.min(limits.loginPauseMs * 2 ** (loginFailures - 1), limits.loginPauseMsMax);
  return [
    { ...state, loginFailures, delayed: last ? [reply.tooManyLogins, { type: "close" }] : [reply.loginRefused] },
    { type: "pause", ms },
  ];
}
