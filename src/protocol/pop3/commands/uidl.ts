import { parseMessageNumber, parseParams } from "../command.ts";
import { reply } from "../replies.ts";
import { mistake, type Pop3Command } from "../state.ts";

/** UIDL [msg] (RFC 1939 §7): ids that last over sessions. */
export const uidl: Pop3Command = {
  verb: "UIDL",
  capability: () => "UIDL",
  transaction(state, rest, context) {
    const { maildrop } = state;
    if (rest === null) {
      return [state, reply.uidl(maildrop.lines((number, entry) => `${number} ${maildrop.uniqueId(entry)}`))];
    }
    const params = parseParams(rest);
    const number = params?.length === 1 ? parseMessageNumber(params[0]) : null;
    if (number === null) return mistake(state, reply.syntax, context);
    const entry = maildrop.find(number);
    return [state, entry === null ? reply.noSuchMessage : reply.uidlOne(number, maildrop.uniqueId(entry))];
  },
};
