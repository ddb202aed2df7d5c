import { unreachable } from "../../../base/assert.ts";
import {
  decodeBase64,
  encodeBase64,
  findMechanism,
  type SaslMechanism,
  type SaslStep,
  usableMechanisms,
} from "../../sasl/mod.ts";
import type { AuthAnswer } from "../actions.ts";
import { parseParams } from "../command.ts";
import { refuseLogin } from "../login.ts";
import { reply } from "../replies.ts";
import {
  type Authorization,
  mayLogIn,
  mistake,
  type Pop3Command,
  type Pop3Context,
  type Pop3State,
  type Step,
} from "../state.ts";

/**
 * AUTH [mechanism [initial-response]] (RFC 1734, renewed by RFC 5034 §4). Without arguments it lists the mechanisms, as old
 * clients expect.
 */
export const auth: Pop3Command = {
  verb: "AUTH",
  capability(state, context) {
    const names = usable(state, context).map(({ name }) => name);
    return names.length === 0 ? null : `SASL ${names.join(" ")}`;
  },
  authorization(state, rest, context) {
    const offered = usable(state, context);
    if (rest === null) return [state, reply.mechanisms(offered.map(({ name }) => name))];
    const params = parseParams(rest);
    if (params === null || params.length > 2) return mistake(state, reply.syntax, context);
    const mechanism = findMechanism(params[0]!);
    if (mechanism === null) return mistake(state, reply.unknownMechanism, context);
    if (!mayLogIn(state, context)) return mistake(state, reply.tlsFirst, context);
    if (!offered.includes(mechanism)) return mistake(state, reply.unknownMechanism, context);
    const given = params[1];
    if (given === undefined) {
      return advance(state, mechanism.name, mechanism.begin(null, state.channel.binding), context);
    }
    // RFC 5034 §4: "=" is an initial response of no bytes.
    const initial = given === "=" ? new Uint8Array(0) : decodeBase64(given);
    if (initial === null) return mistake(state, reply.badBase64, context);
    return advance(state, mechanism.name, mechanism.begin(initial, state.channel.binding), context);
  },
};

/** Takes a line of the client within an exchange. */
export function answerChallenge(state: Authorization, line: Uint8Array, context: Pop3Context): Step {
  const { exchange, ...rest } = state;
  const over: Authorization = { ...rest, exchange: null };
  if (exchange === null) return [over];
  if (line.length === 1 && line[0] === 0x2a) return mistake(over, reply.cancelled, context); // "*": RFC 5034 §4.
  const response = line.some((byte) => byte >= 0x80) ? null : decodeBase64(asciiText(line));
  if (response === null) return mistake(over, reply.badBase64, context);
  return advance(over, exchange.mechanism, exchange.next(response), context);
}

/** The answer to `authenticate`. */
export function finishAuthentication(state: Authorization, answer: AuthAnswer, context: Pop3Context): Step {
  const { asked, ...rest } = state;
  const over: Authorization = { ...rest, asked: null };
  if (asked === null) return [over];
  if (answer.type === "temporary") return mistake(over, reply.loginTemporary, context);
  return advance(over, asked.mechanism, asked.next(answer), context);
}

function usable(state: Pop3State, context: Pop3Context): readonly SaslMechanism[] {
  return usableMechanisms(mayLogIn(state, context), {
    ...state.channel,
    bearer: context.options.bearer === true,
  });
}

function advance(state: Authorization, mechanism: string, step: SaslStep, context: Pop3Context): Step {
  switch (step.type) {
    case "challenge":
      return [{ ...state, exchange: { mechanism, next: step.next } }, reply.challenge(encodeBase64(step.data))];
    case "credentials":
      return [state, { type: "login", ...step.credentials, mechanism }];
    case "ask":
      return [
        { ...state, asked: { mechanism, next: step.next } },
        { type: "authenticate", question: step.question, mechanism },
      ];
    case "accepted":
      return [state, { type: "open" }];
    case "failed":
      if (step.problem === "malformed") return mistake(state, reply.malformedAnswer, context);
      return refuseLogin(state, context);
    default:
      return unreachable(step);
  }
}

function asciiText(bytes: Uint8Array): string {
  return new TextDecoder("ascii").decode(bytes);
}
