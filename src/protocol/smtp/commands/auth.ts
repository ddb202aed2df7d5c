import { assert, unreachable } from "../../../base/assert.ts";
import {
  decodeBase64,
  encodeBase64,
  findMechanism,
  type SaslAnswer,
  type SaslStep,
  usableMechanisms,
} from "../../sasl/mod.ts";
import type { AuthAnswer } from "../actions.ts";
import type { Command } from "../command.ts";
import { challenge, REPLY } from "../replies.ts";
import { COMMAND, mayLogIn, saslOffer, type SmtpContext, type SmtpState, type Step } from "../state.ts";

/** AUTH mechanism [initial-response] (RFC 4954 §4): only on submission ports, only once, only between transactions. */
export const auth: Command = {
  argument: "optional",
  utf8: false,
  junk: true,
  listed: (state, context) => mayLogIn(context, state) && state.user === null,
  run(context, state, argument) {
    if (context.submission === null) return [state, REPLY.notImplemented];
    if (!state.greeting?.extended) return [state, REPLY.ehloFirst];
    if (state.user !== null) return [state, REPLY.loggedInAlready];
    if (state.transaction !== null) return [state, REPLY.notInTransaction];
    if (!mayLogIn(context, state)) return [state, REPLY.loginNeedsTls];
    const [name = "", given, ...more] = argument.split(" ");
    if (name === "" || more.length > 0) return [state, REPLY.authSyntax];
    const mechanism = findMechanism(name);
    if (mechanism === null || !usableMechanisms(true, saslOffer(context, state)).includes(mechanism)) {
      return [state, REPLY.mechanismUnknown];
    }
    // "=" is an initial response of no bytes.
    const initial = given === undefined ? null : given === "=" ? new Uint8Array(0) : decodeBase64(given) ?? "bad";
    if (initial === "bad") return [state, REPLY.authBase64];
    return advance(context, state, {
      mechanism: mechanism.name,
      step: mechanism.begin(initial, state.channel.binding),
    });
  },
};

/** A line of the client within an exchange: base64, or "*" to end it (RFC 4954 §4). */
export function answerChallenge(context: SmtpContext, state: SmtpState, text: string): Step {
  const { phase } = state;
  assert(phase.type === "exchange", "a response without an exchange");
  const over = { ...state, phase: COMMAND };
  if (text === "*") return [over, REPLY.authCancelled];
  const response = decodeBase64(text);
  if (response === null) return [over, REPLY.authBase64];
  return advance(context, over, { mechanism: phase.mechanism, step: phase.next(response) });
}

/** The answer to `authenticate`. */
export function authenticated(context: SmtpContext, state: SmtpState, answer: AuthAnswer): Step {
  const { phase } = state;
  assert(phase.type === "authenticating", "authenticated without a question");
  const over = { ...state, phase: COMMAND };
  if (answer.type === "temporary") return [over, REPLY.loginTemporary];
  return advance(context, over, { mechanism: phase.mechanism, step: phase.next(answer) });
}

function advance(
  context: SmtpContext,
  state: SmtpState,
  { mechanism, step }: { readonly mechanism: string; readonly step: SaslStep },
): Step {
  switch (step.type) {
    case "challenge":
      return [
        { ...state, phase: { type: "exchange", mechanism, next: step.next } },
        challenge(encodeBase64(step.data)),
      ];
    case "ask": {
      const { question, next } = step;
      return [{ ...state, phase: { type: "authenticating", mechanism, next } }, {
        type: "authenticate",
        mechanism,
        question,
      }];
    }
    case "credentials": {
      const question = { type: "password", ...step.credentials } as const;
      const phase = { type: "authenticating", mechanism, next: passwordChecked } as const;
      return [{ ...state, phase }, { type: "authenticate", mechanism, question }];
    }
    case "accepted":
      return [{ ...state, user: step.user }, REPLY.loggedIn];
    case "failed":
      return step.problem === "malformed" ? [state, REPLY.authMalformed] : refuse(context, state);
    default:
      return unreachable(step);
  }
}

function passwordChecked(answer: SaslAnswer): SaslStep {
  assert(answer.type !== "scramStart", "a password is right or wrong");
  return answer.type === "accepted" ? { type: "accepted", user: answer.user } : { type: "failed", problem: "refused" };
}

/** Refuses after a pause that grows with each failure: the same words for an unknown user and a wrong password. */
function refuse({ limits }: SmtpContext, state: SmtpState): Step {
  const loginFailures = state.loginFailures + 1;
  const then = loginFailures >= limits.loginFailuresMax ? REPLY.tooManyLogins : REPLY.loginRefused;
  const ms = Math.min(limits.loginPauseMs * 2 ** (loginFailures - 1), limits.loginPauseMsMax);
  return [{ ...state, loginFailures, phase: { type: "paused", then } }, { type: "pause", ms }];
}
