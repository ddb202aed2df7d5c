import { parseMessageNumber, parseParams } from "../command.ts";
import { startDownload } from "../download.ts";
import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** RETR msg (RFC 1939 §5). */
export const retr: Pop3Command = {
  verb: "RETR",
  transaction(state, rest, context) {
    const params = parseParams(rest);
    const number = params?.length === 1 ? parseMessageNumber(params[0]) : null;
    if (number === null) return mistake(state, reply.syntax, context);
    const entry = state.maildrop.find(number);
    return entry === null ? [state, reply.noSuchMessage] : startDownload(state, entry, null, context);
  },
};
