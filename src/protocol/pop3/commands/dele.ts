import { parseMessageNumber, parseParams } from "../command.ts";
import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** DELE msg (RFC 1939 §5): marks only; QUIT removes. */
export const dele: Pop3Command = {
  verb: "DELE",
  transaction(state, rest, context) {
    const params = parseParams(rest);
    const number = params?.length === 1 ? parseMessageNumber(params[0]) : null;
    if (number === null) return mistake(state, reply.syntax, context);
    return [state, state.maildrop.mark(number) ? reply.deleted : reply.noSuchMessage];
  },
};
