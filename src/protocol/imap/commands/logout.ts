import { ANY_STATE, type Command } from "../command.ts";
import { ok, untaggedStatus } from "../completion.ts";

/** LOGOUT (RFC 9051 §6.1.3): BYE, OK, the end. */
export const logout: Command<"LOGOUT"> = {
  verb: "LOGOUT",
  phases: ANY_STATE,
  news: "none",
  run(_given, { output }) {
    output.push(untaggedStatus("bye", "Logging out"));
    return { ...ok(), closes: true };
  },
};
