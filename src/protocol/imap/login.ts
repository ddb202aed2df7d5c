import { limitsOf } from "../../mail/quota.ts";
import { capabilityList } from "./capabilities.ts";
import { type Completion, no, ok } from "./completion.ts";
import { leave, pause, type Program } from "./effects.ts";
import type { LoginOutcome } from "./actions.ts";
import type { Scene } from "./state.ts";

/** Takes the outcome of a login. The new capabilities go with the OK, so that no client has to ask (RFC 9051 §6.2.3). */
export function* finishLogin(outcome: LoginOutcome, scene: Scene): Program<Completion> {
  switch (outcome.type) {
    case "opened": {
      const { user } = outcome;
      scene.state.login = { user, ...limitsOf(outcome) };
      return ok("Logged in", `CAPABILITY ${capabilityList(scene)}`);
    }
    case "refused":
      return yield* refuseLogin(scene);
    case "temporary":
      return no("Login is not possible now, try later", "UNAVAILABLE");
  }
}

/** Refuses after a pause that grows with each failure: the same words for an unknown user and a wrong password. */
export function* refuseLogin({ state, limits }: Scene): Program<Completion> {
  state.loginFailures++;
  yield* pause(Math.min(limits.loginPauseMs * 2 ** (state.loginFailures - 1), limits.loginPauseMsMax));
  if (state.loginFailures >= limits.loginFailuresMax) yield* leave("Login refused too often");
  return no("Login refused", "AUTHENTICATIONFAILED");
}
