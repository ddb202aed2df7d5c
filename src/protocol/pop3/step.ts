import { parseLine } from "./command.ts";
import { answerChallenge } from "./commands/auth.ts";
import type { Frame } from "./line_reader.ts";
import { reply } from "./replies.ts";
import { type Authorization, closed, mistake, type Pop3Context, type Step, type Transaction } from "./state.ts";

/** One line from the client (RFC 1939 §3). Pure but for the deletion marks in `Maildrop`. */
export function step(state: Authorization | Transaction, frame: Frame, context: Pop3Context): Step {
  if (frame.type === "tooLong") return closed(state, reply.lineTooLong);
  if (state.phase === "authorization" && state.exchange !== null) return answerChallenge(state, frame.bytes, context);

  const line = parseLine(frame.bytes);
  if (line.type === "foreign") return closed(state, reply.wrongProtocol);
  const known = line.type === "command" ? context.commands.get(line.verb) : undefined;
  // RFC 1939 §7: PASS counts only right after USER, so every other line forgets the name.
  const current = state.phase === "authorization" && known?.verb !== "PASS" ? { ...state, user: null } : state;
  if (line.type === "bad") return mistake(current, reply[line.problem], context);
  if (known === undefined) return mistake(current, reply.unknownCommand, context);
  if (current.phase === "authorization" && known.authorization !== undefined) {
    return known.authorization(current, line.rest, context);
  }
  if (current.phase === "transaction" && known.transaction !== undefined) {
    return known.transaction(current, line.rest, context);
  }
  return mistake(current, reply.notNow, context);
}
