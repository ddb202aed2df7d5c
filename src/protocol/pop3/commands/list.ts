import { parseMessageNumber, parseParams } from "../command.ts";
import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** LIST [msg] (RFC 1939 §5): scan listings. */
export const list: Pop3Command = {
  verb: "LIST",
  transaction(state, rest, context) {
    const { maildrop } = state;
    if (rest === null) {
      const lines = maildrop.lines((number, { size }) => `${number} ${size}`);
      return [state, reply.list(maildrop.count, maildrop.size, lines)];
    }
    const params = parseParams(rest);
    const number = params?.length === 1 ? parseMessageNumber(params[0]) : null;
    if (number === null) return mistake(state, reply.syntax, context);
    const entry = maildrop.find(number);
    return [state, entry === null ? reply.noSuchMessage : reply.listOne(number, entry.size)];
  },
};
