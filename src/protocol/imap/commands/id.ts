import { ANY_STATE, type Command } from "../command.ts";
import { ok } from "../completion.ts";

/** ID (RFC 2971): what the client says of itself is not used; what we say holds no version and no machine. */
export const id: Command<"ID"> = {
  verb: "ID",
  phases: ANY_STATE,
  news: "all",
  capabilities: () => ["ID"],
  run(_given, { options: { implementation }, output }) {
    output.push(`* ID ${implementation === undefined ? "NIL" : `("name" "${implementation}")`}\r\n`);
    return ok();
  },
};
