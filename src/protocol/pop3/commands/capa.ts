import { capabilityLines } from "../capabilities.ts";
import { reply } from "../replies.ts";
import { mistake, type Pop3Command, type Pop3Context, type Pop3State, type Step } from "../state.ts";

/** CAPA (RFC 2449 §5), derived from the command table. */
export const capa: Pop3Command = { verb: "CAPA", authorization: answer, transaction: answer };

function answer(state: Pop3State, rest: string | null, context: Pop3Context): Step {
  if (rest !== null) return mistake(state, reply.syntax, context);
  return [state, reply.capabilities(capabilityLines(state, context))];
}
