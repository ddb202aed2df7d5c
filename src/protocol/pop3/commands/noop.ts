import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** NOOP (RFC 1939 §5). */
export const noop: Pop3Command = {
  verb: "NOOP",
  transaction: (state, rest, context) => rest === null ? [state, reply.done] : mistake(state, reply.syntax, context),
};
