import { parseCount, parseMessageNumber, parseParams } from "../command.ts";
import { startDownload } from "../download.ts";
import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** TOP msg n (RFC 1939 §7): the header, the blank line and n lines of the body. */
export const top: Pop3Command = {
  verb: "TOP",
  capability: () => "TOP",
  transaction(state, rest, context) {
    const params = parseParams(rest);
    const number = params?.length === 2 ? parseMessageNumber(params[0]) : null;
    const lines = parseCount(params?.[1]);
    if (number === null || lines === null) return mistake(state, reply.syntax, context);
    const entry = state.maildrop.find(number);
    return entry === null ? [state, reply.noSuchMessage] : startDownload(state, entry, lines, context);
  },
};
